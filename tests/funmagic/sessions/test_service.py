import hashlib
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.users import Role, UserSession
from funmagic.sessions.service import LIFETIME, LONGEST_LIFETIME, SEEN_EVERY, sweep_expired_sessions
from funmagic.sessions.viewer import Viewer
from tests.factories import PASSWORD, session_token

pytestmark = pytest.mark.both_databases


def sessions() -> list[UserSession]:
    with reading() as session:
        return list(session.exec(select(UserSession)).all())


def test_only_the_hash_of_the_token_is_stored(alice: Viewer) -> None:
    token = session_token(alice)
    (row,) = sessions()
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(row.model_dump())


def test_a_session_lasts_thirty_days_and_remembers_the_browser(alice: Viewer, client: TestClient) -> None:
    body = {"email": alice.email, "password": PASSWORD}
    client.post("/api/auth/sign-in", json=body, headers={"User-Agent": "A" * 1000})
    (row,) = sessions()
    assert row.expires_at - row.last_seen_at == LIFETIME == timedelta(days=30)
    assert row.user_agent == "A" * 400
    assert row.ip is not None


def test_an_expired_session_is_refused_and_swept(alice_client: TestClient, bob: Viewer) -> None:
    with transaction() as session:
        session.exec(select(UserSession)).one().expires_at = utcnow()
    session_token(bob)
    assert alice_client.get("/api/auth/session").json() == {"user": None}
    assert alice_client.get("/api/tasks").status_code == 401
    with transaction() as session:
        sweep_expired_sessions(session)
    assert [row.user_id for row in sessions()] == [bob.id]


@pytest.mark.parametrize(
    ("role", "is_admin", "is_super_admin"),
    [(Role.USER, False, False), (Role.ADMIN, True, False), (Role.SUPER_ADMIN, True, True)],
)
def test_roles_open_what_they_should(role: Role, *, is_admin: bool, is_super_admin: bool) -> None:
    viewer = Viewer(id="1", email="a@example.com", name="A", role=role)
    assert (viewer.is_admin, viewer.is_super_admin) == (is_admin, is_super_admin)


def make_older(**age: timedelta) -> None:
    """Move the only session into the past: when it was opened, when it was last used."""
    with transaction() as session:
        row = session.exec(select(UserSession)).one()
        row.last_seen_at = utcnow() - age["unused"]
        row.expires_at = row.last_seen_at + LIFETIME
        row.created_at = utcnow() - age["open"]


def is_signed_in(client: TestClient) -> bool:
    return client.get("/api/auth/session").json()["user"] is not None


def test_a_session_slides_on_each_time_it_is_used(alice_client: TestClient) -> None:
    make_older(unused=timedelta(days=29), open=timedelta(days=29))
    assert is_signed_in(alice_client)
    (row,) = sessions()
    assert utcnow() - row.last_seen_at < timedelta(minutes=1)
    assert row.expires_at - row.last_seen_at == LIFETIME


def test_a_session_that_was_not_used_for_thirty_days_is_over(alice_client: TestClient) -> None:
    make_older(unused=LIFETIME + timedelta(seconds=1), open=LIFETIME + timedelta(seconds=1))
    assert not is_signed_in(alice_client)


def test_no_use_keeps_a_session_for_longer_than_ninety_days(alice_client: TestClient) -> None:
    assert timedelta(days=90) == LONGEST_LIFETIME
    make_older(unused=timedelta(days=1), open=LONGEST_LIFETIME - timedelta(hours=1))
    assert is_signed_in(alice_client)
    (row,) = sessions()
    assert row.expires_at == row.created_at + LONGEST_LIFETIME


def test_using_a_session_again_and_again_writes_nothing_down(alice_client: TestClient) -> None:
    make_older(unused=SEEN_EVERY - timedelta(minutes=1), open=timedelta(days=1))
    (before,) = sessions()
    assert is_signed_in(alice_client)
    (after,) = sessions()
    assert after.last_seen_at == before.last_seen_at
