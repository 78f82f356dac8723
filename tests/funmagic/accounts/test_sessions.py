import hashlib
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.accounts.sessions import LIFETIME, sweep_expired_sessions
from funmagic.accounts.viewer import Viewer
from funmagic.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.users import Role, UserSession
from tests.factories import PASSWORD, session_token


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
