import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import col

from funmagic.core.db import get_engine, transaction
from funmagic.core.redis import get_redis
from funmagic.models.base import utcnow
from funmagic.models.users import Role, User
from funmagic.sessions.service import COOKIE_NAME, refresh_sessions
from funmagic.sessions.viewer import Viewer
from tests import factories

SESSION = "/api/auth/session"


def name_of(client: TestClient) -> str | None:
    user = client.get(SESSION).json()["user"]
    return user["name"] if user else None


def change(viewer: Viewer, **columns: object) -> None:
    with transaction() as session:
        session.execute(sa.update(User).where(col(User.id) == viewer.id).values(**columns))


def kept_keys() -> list[bytes]:
    return list(get_redis().scan_iter("session:*"))


def test_the_database_is_asked_once_in_a_while(alice_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_of(alice_client) == "Alice"
    asked: list[str] = []
    sa.event.listen(get_engine(), "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert name_of(alice_client) == "Alice"
    assert asked == []


def test_neither_the_token_nor_the_email_is_a_key(alice_client: TestClient, alice: Viewer) -> None:
    name_of(alice_client)
    (key,) = kept_keys()
    assert alice_client.cookies[COOKIE_NAME].encode() not in key
    assert alice.email.encode() not in key


def test_what_a_change_makes_of_a_user_shows_at_once(alice_client: TestClient, alice: Viewer) -> None:
    assert name_of(alice_client) == "Alice"
    with transaction() as session:
        session.get_one(User, alice.id).banned_at = utcnow()
        refresh_sessions(session, alice.id)
    assert name_of(alice_client) is None


def test_what_was_read_before_a_change_is_not_kept_after_it(alice_client: TestClient, alice: Viewer) -> None:
    with transaction() as session:
        refresh_sessions(session, alice.id)
    # As for a reader who asked the database just before: it now keeps nothing, and the next one asks anew.
    assert name_of(alice_client) == "Alice"
    change(alice, name="Alice the Second")
    assert name_of(alice_client) == "Alice the Second"


def test_signing_out_ends_the_kept_session_too(alice_client: TestClient) -> None:
    token = alice_client.cookies[COOKIE_NAME]
    assert name_of(alice_client) == "Alice"
    alice_client.post("/api/auth/sign-out")
    alice_client.cookies[COOKIE_NAME] = token
    assert name_of(alice_client) is None


def test_those_who_may_do_more_are_looked_up_every_time(client: TestClient, db: None) -> None:
    root = factories.make_user("root", Role.SUPER_ADMIN)
    factories.sign_in(client, root)
    assert name_of(client) == "Root"
    assert kept_keys() == []
    change(root, role=Role.USER)
    assert client.get(SESSION).json()["user"]["role"] == Role.USER
