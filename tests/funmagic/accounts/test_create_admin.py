import pytest
from click.testing import Result
from sqlmodel import select
from typer.testing import CliRunner

from funmagic.accounts import service
from funmagic.accounts.errors import InvalidCredentials
from funmagic.accounts.roles import ban_user
from funmagic.accounts.users import find_user
from funmagic.cli import app
from funmagic.core.db import reading, transaction
from funmagic.models.users import Role, User
from funmagic.sessions.service import find_viewer
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD

ROOT = "root@example.com"
OWN = "a password of her own"


def create_admin(email: str = ROOT, *words: str, password: str | None = None) -> Result:
    given = ["--password-stdin"] if password is not None else []
    return CliRunner().invoke(app, ["create-admin", email, *words, *given], input=password)


def password_in(result: Result) -> str:
    [line] = [line for line in result.output.splitlines() if line.startswith("Password: ")]
    return line.split()[1]


def role_of(email: str) -> str:
    with reading() as session:
        user = find_user(session, email)
        assert user is not None
        assert user.email_verified_at is not None
        return user.role


def test_without_a_password_one_is_made_shown_and_kept_as_a_hash(db: None, redis: None) -> None:
    result = create_admin()
    assert result.exit_code == 0
    assert service.sign_in(ROOT, password_in(result)).viewer.is_super_admin
    assert "root@example.com is super_admin now." in result.output


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_a_given_password_and_role_are_used_and_the_password_is_not_repeated(db: None, redis: None, role: Role) -> None:
    result = create_admin(" Root@Example.com ", "--role", role, password=f"{OWN}\n")
    assert result.exit_code == 0
    assert OWN not in result.output
    assert service.sign_in(ROOT, OWN).viewer.role == role


def test_a_user_becomes_an_admin_and_keeps_their_password_and_sessions(alice: Viewer, redis: None) -> None:
    factories.prove(alice)
    token = factories.session_token(alice)
    result = create_admin(alice.email, "--role", "admin")
    assert (result.exit_code, result.output) == (0, "alice@example.com is admin now.\n")
    assert service.sign_in(alice.email, PASSWORD).viewer.role == Role.ADMIN
    with reading() as session:
        assert find_viewer(session, token).is_admin


def test_a_new_password_ends_the_sessions_there_were(alice: Viewer, redis: None) -> None:
    factories.prove(alice)
    token = factories.session_token(alice)
    assert create_admin(alice.email, password=OWN).exit_code == 0
    with reading() as session:
        assert find_viewer(session, token) is None
    with pytest.raises(InvalidCredentials):
        service.sign_in(alice.email, PASSWORD)


def test_who_took_the_email_before_its_owner_becomes_no_admin(alice: Viewer, redis: None) -> None:
    token = factories.session_token(alice)
    result = create_admin(alice.email)
    assert role_of(alice.email) == Role.SUPER_ADMIN
    with pytest.raises(InvalidCredentials):
        service.sign_in(alice.email, PASSWORD)
    with reading() as session:
        assert find_viewer(session, token) is None
    assert service.sign_in(alice.email, password_in(result)).viewer.is_super_admin


@pytest.mark.parametrize(
    ("words", "password", "sentence"),
    [
        (["not an email"], None, "This is not an email address"),
        ([ROOT], "short", "A password has 8 to 200 characters."),
        ([ROOT], "", "A password has 8 to 200 characters."),
        ([ROOT], "password1", "too easy to guess"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence_and_makes_nobody(
    db: None, redis: None, words: list[str], password: str | None, sentence: str
) -> None:
    result = create_admin(*words, password=password)
    assert result.exit_code == 1
    assert sentence in result.output
    with reading() as session:
        assert session.exec(select(User)).all() == []


def test_somebody_who_is_banned_is_not_let_in_by_the_back_door(alice: Viewer, redis: None) -> None:
    with transaction() as session:
        ban_user(session, session.get_one(User, alice.id))
    assert create_admin(alice.email).exit_code == 1
    with reading() as session:
        assert session.get_one(User, alice.id).role == Role.USER


def test_an_unknown_role_is_refused(db: None) -> None:
    assert create_admin(ROOT, "--role", "emperor").exit_code == 2
