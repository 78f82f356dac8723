import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from alembic import command
from alembic.script import ScriptDirectory

from funmagic.core.db import get_engine, make_engine
from funmagic.core.migrations import alembic_config, migrate
from funmagic.core.settings import get_settings
from funmagic.models.tables import metadata
from tests.servers import new_database

pytestmark = pytest.mark.both_databases


@pytest.fixture
def empty_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings name a database that has nothing in it."""
    monkeypatch.setattr(get_settings(), "database_url", new_database(tmp_path / "empty"))
    get_engine.cache_clear()
    yield
    get_engine().dispose()
    get_engine.cache_clear()


def tables() -> set[str]:
    return set(sa.inspect(get_engine()).get_table_names()) - {"alembic_version"}


def shape_of(engine: sa.Engine) -> dict[str, Any]:
    """Everything that the database itself enforces, table by table."""

    def texts(facts: list[Any]) -> list[str]:
        return sorted(json.dumps(fact, default=str, sort_keys=True) for fact in facts)

    def pick(column: Any) -> dict[str, str]:
        return {name: str(column[name]) for name in ("name", "type", "nullable")}

    inspector = sa.inspect(engine)
    return {
        table: {
            "columns": texts(
                [
                    {name: str(fact[name]) for name in ("name", "type", "nullable")}
                    for fact in inspector.get_columns(table)
                ]
            ),
            "checks": texts(inspector.get_check_constraints(table)),
            "unique": texts(inspector.get_unique_constraints(table)),
            "indexes": texts(inspector.get_indexes(table)),
            "foreign keys": texts(inspector.get_foreign_keys(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_an_empty_database_gets_every_table(empty_database: None) -> None:
    migrate()
    assert tables() == set(metadata.tables)


def test_migrating_again_changes_nothing(empty_database: None) -> None:
    migrate()
    migrate()
    assert tables() == set(metadata.tables)


def test_every_migration_can_be_taken_back_and_made_again(empty_database: None) -> None:
    migrate()
    before = shape_of(get_engine())
    command.downgrade(alembic_config(), "base")
    assert tables() == set()
    migrate()
    assert shape_of(get_engine()) == before


def test_every_revision_leads_to_the_next_with_its_rows_kept(empty_database: None) -> None:
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]
    migrate(revisions[0])
    add_provider = sa.text(
        "INSERT INTO providers (id, created_at, name, display_name, type, config, is_active, is_healthy)"
        " VALUES ('p', '2026-01-01 00:00:00', 'fal', 'fal.ai', 'fal', '{}', true, true)"
    )
    with get_engine().begin() as connection:
        connection.execute(add_provider)
    for revision in revisions:
        migrate(revision)
        with get_engine().connect() as connection:
            assert connection.scalars(sa.text("SELECT name FROM providers")).all() == ["fal"]


def test_the_migrations_make_exactly_the_tables_of_the_models(empty_database: None, tmp_path: Path) -> None:
    migrate()
    command.check(alembic_config())
    modelled = make_engine(new_database(tmp_path / "modelled"))
    metadata.create_all(modelled)
    assert shape_of(get_engine()) == shape_of(modelled)
    modelled.dispose()


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_emails_of_old_take_the_form_in_which_they_are_looked_for_and_two_of_one_form_stay(
    empty_database: None,
) -> None:
    stored = {
        "1": "anna@m\u00fcnchen.example",
        "2": "ben@stra\u00dfe.example",
        "3": "carl@m\u00fcnchen.example",
        "4": "carl@mu\u0308nchen.example",
        "5": "dora@example.com",
        "6": "j\u00fcrgen@example.com",
        "7": "0192@deleted.invalid",
    }
    migrate("0005")
    add_user = sa.text(
        "INSERT INTO users (id, created_at, email, name, role, locale, theme)"
        " VALUES (:id, '2026-01-01 00:00:00', :email, 'Somebody', 'user', 'en', 'system')"
    )
    with get_engine().begin() as connection:
        connection.execute(add_user, [{"id": id_, "email": email} for id_, email in stored.items()])
    with structlog.testing.capture_logs() as logs:
        migrate("0006")
    with get_engine().connect() as connection:
        found = dict(connection.execute(sa.text("SELECT id, email FROM users")).all())
    changed = {"1": "anna@xn--mnchen-3ya.example", "2": "ben@xn--strae-oqa.example"}
    assert found == stored | changed
    assert [entry["user_ids"] for entry in logs if entry["event"] == "emails_collide"] == [["3", "4"]]
