import pytest
from sqlmodel import select
from typer.testing import CliRunner

from funmagic.cli import app
from funmagic.core.db import reading, transaction
from funmagic.core.settings import get_settings
from funmagic.models.credits import CreditAccount
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer

runner = CliRunner()


def test_migrating_and_seeding_succeed_and_can_be_repeated(db: None) -> None:
    assert runner.invoke(app, ["migrate"]).exit_code == 0
    first, second = runner.invoke(app, ["seed"]), runner.invoke(app, ["seed"])
    assert first.exit_code == second.exit_code == 0
    assert get_settings().super_admin_email in first.output
    assert "Super admin" not in second.output
    with reading() as session:
        assert len(session.exec(select(User)).all()) == 1


def test_the_audit_passes_while_the_books_balance(alice: Viewer, bob: Viewer) -> None:
    result = runner.invoke(app, ["audit-credits"])
    assert (result.exit_code, result.output) == (0, "0 discrepancies\n")


@pytest.mark.parametrize("change", [{"balance": 101}, {"balance": 99}, {"reserved": 1}])
def test_the_audit_fails_and_names_the_account_that_does_not_balance(
    alice: Viewer, bob: Viewer, change: dict[str, int]
) -> None:
    with transaction() as session:
        account = session.get_one(CreditAccount, bob.id)
        for name, value in change.items():
            setattr(account, name, value)
    result = runner.invoke(app, ["audit-credits"])
    assert result.exit_code == 1
    assert bob.id in result.output
    assert alice.id not in result.output
    assert result.output.endswith("\n1 discrepancy\n")


def test_no_command_shows_what_there_is() -> None:
    result = runner.invoke(app, [])
    for name in ("up", "web", "worker", "clock", "migrate", "seed", "fetch-models", "audit-credits"):
        assert name in result.output


def test_an_unknown_command_fails() -> None:
    assert runner.invoke(app, ["dance"]).exit_code == 2
