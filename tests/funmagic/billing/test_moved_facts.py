"""Payments of before refunds and disputes had rows: they move over, and nothing of the ledger changes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from funmagic.core.db import get_engine
from funmagic.core.migrations import alembic_config, migrate
from funmagic.core.settings import get_settings
from tests.servers import new_database

pytestmark = pytest.mark.both_databases

BEFORE = "0005"
# Refunds as they were written, how the dispute stood, and what was disputed of 2499 cents.
PAYMENTS: dict[str, tuple[int, dict[str, Any], str, int]] = {
    "quiet": (0, {}, "none", 0),
    "refunded": (700, {"sumCents": 700, "sumAt": 5, "failed": {}}, "none", 0),
    "again": (500, {"sumCents": 500, "sumAt": 9, "failed": {"re_1": [700, 7]}}, "none", 0),
    "open": (0, {}, "open", 2499),
    "won": (0, {}, "won", 2499),
    "lost": (1000, {"sumCents": 1000, "sumAt": 5, "failed": {}}, "lost", 1499),
}


@pytest.fixture
def old_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(get_settings(), "database_url", new_database(tmp_path / "old"))
    get_engine.cache_clear()
    migrate(BEFORE)
    with get_engine().begin() as connection:
        _fill(connection)
    yield
    get_engine().dispose()
    get_engine.cache_clear()


def _fill(connection: sa.Connection) -> None:
    tables = sa.MetaData()
    tables.reflect(connection)
    user = {"id": "u", "email": "a@b.c", "name": "A", "role": "user", "created_at": "2026-01-01"}
    _insert(connection, tables.tables["users"], user)
    for name, (refunded, refunds, dispute, disputed) in PAYMENTS.items():
        money = {"amount_cents": 2499, "currency": "usd", "credits": 300, "bonus_credits": 30, "status": "paid"}
        facts = {"refunded_cents": refunded, "refunds": refunds, "dispute": dispute, "disputed_cents": disputed}
        about = {"id": name, "user_id": "u", "idempotency_key": name, "package_name": "Creator", "revision": 3}
        _insert(connection, tables.tables["payments"], money | facts | about)
        for kind in ("created", "closed") if dispute != "none" else ():
            event = {"id": f"{name}-{kind}", "type": f"charge.dispute.{kind}", "payment_id": name}
            _insert(connection, tables.tables["stripe_events"], event | {"facts": {"id": f"du_{name}"}})


def _insert(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    """A row with these values, and something harmless where the rest must not be empty."""
    harmless: dict[str, Any] = {"INTEGER": 0, "BOOLEAN": False, "JSON": {}}
    for column in table.columns:
        if column.name not in values and not column.nullable:
            kind = str(column.type).split("(", maxsplit=1)[0]
            is_time = kind in ("DATETIME", "TIMESTAMP")
            values[column.name] = "2026-01-01 00:00:00" if is_time else harmless.get(kind, "")
    told = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
    places = ", ".join(f":{name}" for name in told)
    connection.execute(sa.text(f"INSERT INTO {table.name} ({', '.join(told)}) VALUES ({places})"), told)  # noqa: S608


def read_all(query: str) -> list[tuple[Any, ...]]:
    with get_engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_what_was_refunded_and_disputed_moves_to_rows_and_comes_to_the_same(old_database: None) -> None:
    migrate()
    stands = (
        "SELECT id, refunded_cents, refund_sum_cents, dispute, disputed_cents, lost_cents, frozen_cents, revision"
        " FROM payments ORDER BY id"
    )
    assert read_all(stands) == [
        ("again", 500, 1200, "none", 0, 0, 0, 3),
        ("lost", 1000, 1000, "lost", 0, 1499, 0, 4),
        ("open", 0, 0, "open", 2499, 0, 2499, 3),
        ("quiet", 0, 0, "none", 0, 0, 0, 3),
        ("refunded", 700, 700, "none", 0, 0, 0, 3),
        ("won", 0, 0, "won", 0, 0, 0, 4),
    ]
    assert read_all("SELECT payment_id, id, status, cents, share_cents FROM payment_refunds") == [
        ("again", "re_1", "failed", 700, 700)
    ]
    assert read_all("SELECT id, status, cents, share_cents FROM payment_disputes ORDER BY id") == [
        ("du_lost", "lost", 1499, 1499),
        ("du_open", "needs_response", 2499, 2499),
        ("du_won", "won", 2499, 2499),
    ]


def test_the_way_back_keeps_the_sums(old_database: None) -> None:
    migrate()
    command.downgrade(alembic_config(), BEFORE)
    assert read_all("SELECT id, refunded_cents, dispute, disputed_cents FROM payments ORDER BY id") == [
        ("again", 500, "none", 0),
        ("lost", 1000, "lost", 1499),
        ("open", 0, "open", 2499),
        ("quiet", 0, "none", 0),
        ("refunded", 700, "none", 0),
        ("won", 0, "won", 0),
    ]
