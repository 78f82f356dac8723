from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import Session, select

from funmagic.accounts import service
from funmagic.accounts.passwords import hash_password
from funmagic.accounts.users import prove_email, set_password
from funmagic.core.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.users import User, UserSession
from funmagic.sessions.service import refresh_sessions
from funmagic.sessions.viewer import Viewer
from tests.factories import PASSWORD

pytestmark = pytest.mark.both_databases


def sign_in(client: TestClient, email: str = "alice@example.com", password: str = PASSWORD) -> Response:
    return client.post("/api/auth/sign-in", json={"email": email, "password": password})


def who_is_signed_in(client: TestClient) -> Any:
    return client.get("/api/auth/session").json()["user"]


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@example.com", " alice@example.com "])
def test_the_right_password_signs_the_browser_in(alice: Viewer, client: TestClient, email: str) -> None:
    answer = sign_in(client, email)
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == alice.id
    assert who_is_signed_in(client)["id"] == alice.id


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(alice: Viewer, client: TestClient) -> None:
    wrong, unknown = sign_in(client, password="not her password"), sign_in(client, "nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"]["code"] == "INVALID_CREDENTIALS"
    assert "set-cookie" not in wrong.headers


@pytest.mark.parametrize("change", ["banned_at", "deleted_at"])
def test_who_is_banned_or_deleted_is_refused_and_their_session_stops(
    alice: Viewer, alice_client: TestClient, change: str
) -> None:
    assert who_is_signed_in(alice_client)["id"] == alice.id
    with transaction() as session:
        setattr(session.get_one(User, alice.id), change, utcnow())
        refresh_sessions(session, alice.id)
    assert who_is_signed_in(alice_client) is None
    assert alice_client.get("/api/credits/balance").status_code == 401
    assert sign_in(alice_client).json()["error"]["code"] == "INVALID_CREDENTIALS"


def test_a_visitor_has_no_user(client: TestClient) -> None:
    answer = client.get("/api/auth/session")
    assert (answer.status_code, answer.json()) == (200, {"user": None})


@pytest.mark.parametrize("token", ["", "made-up", "x" * 5000])
def test_a_cookie_we_did_not_set_is_nobody(client: TestClient, token: str) -> None:
    client.cookies.set("fm_session", token)
    assert who_is_signed_in(client) is None


def test_signing_out_ends_the_session_on_the_server(alice_client: TestClient) -> None:
    token = alice_client.cookies["fm_session"]
    assert alice_client.post("/api/auth/sign-out").status_code == 204
    assert "fm_session" not in alice_client.cookies
    alice_client.cookies.set("fm_session", token)
    assert who_is_signed_in(alice_client) is None


def test_signing_out_without_a_session_is_fine(client: TestClient) -> None:
    assert client.post("/api/auth/sign-out").status_code == 204


def test_signing_out_leaves_other_browsers_signed_in(
    alice: Viewer, alice_client: TestClient, bob_client: TestClient
) -> None:
    sign_in(bob_client)
    alice_client.post("/api/auth/sign-out")
    assert who_is_signed_in(bob_client)["id"] == alice.id


def test_signing_in_again_replaces_this_browsers_session(alice: Viewer, client: TestClient) -> None:
    sign_in(client)
    first = client.cookies["fm_session"]
    sign_in(client)
    assert client.cookies["fm_session"] != first
    with reading() as session:
        assert len(session.exec(select(UserSession)).all()) == 1


def test_signing_in_as_somebody_else_ends_the_session_before(
    bob: Viewer, alice_client: TestClient, client: TestClient
) -> None:
    alices = alice_client.cookies["fm_session"]
    sign_in(alice_client, "bob@example.com")
    assert who_is_signed_in(alice_client)["id"] == bob.id
    alice_client.cookies.clear()
    alice_client.cookies.set("fm_session", alices)
    assert who_is_signed_in(alice_client) is None


def take_by_proof(session: Session, user: User) -> None:
    prove_email(session, user)


def take_by_another_password(session: Session, user: User) -> None:
    set_password(session, user, hash_password("another long password"))


@pytest.mark.parametrize("take_away", [take_by_proof, take_by_another_password])
def test_a_password_that_is_taken_away_while_it_is_checked_opens_nothing(
    alice: Viewer, client: TestClient, monkeypatch: pytest.MonkeyPatch, take_away: Callable[[Session, User], None]
) -> None:
    check = service.sign_in

    def check_slowly(email: str, password: str) -> service.Known:
        known = check(email, password)
        with transaction() as session:
            take_away(session, session.get_one(User, alice.id))
        return known

    monkeypatch.setattr(service, "sign_in", check_slowly)
    answer = client.post("/api/auth/sign-in", json={"email": alice.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    with reading() as session:
        assert session.exec(select(UserSession)).all() == []
