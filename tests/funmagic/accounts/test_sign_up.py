from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from funmagic.api.app import create_api
from funmagic.core.db import reading
from funmagic.core.settings import get_settings
from funmagic.models.credits import CreditTransaction
from funmagic.models.users import Account, User
from funmagic.sessions.viewer import Viewer
from tests.factories import PASSWORD

pytestmark = pytest.mark.both_databases

CAROL = {"email": "carol@example.com", "password": PASSWORD, "name": "Carol"}


def sign_up(client: TestClient, **changes: object) -> Response:
    return client.post("/api/auth/sign-up", json=CAROL | changes)


def session_cookie(answer: Response) -> str:
    (cookie,) = [value for value in answer.headers.get_list("set-cookie") if value.startswith("fm_session=")]
    return cookie.lower()


def test_signing_up_answers_the_user_and_signs_the_browser_in(client: TestClient) -> None:
    answer = sign_up(client)
    assert answer.status_code == 201
    user = answer.json()["user"]
    told = {"email": "carol@example.com", "name": "Carol", "role": "user", "isVerified": False}
    assert user == {"id": user["id"]} | told
    assert client.get("/api/auth/session").json() == {"user": user}


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client: TestClient) -> None:
    attributes = session_cookie(sign_up(client)).split("; ")
    assert {"httponly", "samesite=lax", "path=/", "max-age=7776000"} <= set(attributes)
    assert "secure" not in attributes


def test_the_session_cookie_is_secure_where_the_public_address_is_https(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "public_url", "https://magic.example")
    assert "secure" in session_cookie(sign_up(client)).split("; ")


def test_a_new_user_gets_the_welcome_credits_once(client: TestClient) -> None:
    sign_up(client)
    assert sign_up(client).status_code == 409
    assert client.get("/api/credits/balance").json()["available"] == 100
    with reading() as session:
        lines = session.exec(select(CreditTransaction.type, CreditTransaction.amount)).all()
    assert lines == [("welcome", 100)]


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@Example.COM", "  Alice@example.com "])
def test_a_taken_email_is_refused_in_any_case(alice: Viewer, client: TestClient, email: str) -> None:
    answer = sign_up(client, email=email)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "EMAIL_TAKEN")
    assert "set-cookie" not in answer.headers


def test_signing_up_at_once_with_one_email_makes_one_user(db: None) -> None:
    api, start = create_api(), Barrier(6)

    def attempt(_: int) -> int:
        client = TestClient(api, base_url="http://localhost:3999")
        start.wait()
        return sign_up(client).status_code

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(attempt, range(6)))
    assert answers == [201, 409, 409, 409, 409, 409]
    with reading() as session:
        assert session.exec(select(User.email)).all() == ["carol@example.com"]
        assert len(session.exec(select(CreditTransaction)).all()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "1234567"),
        ("password", "x" * 201),
        ("email", "carol"),
        ("email", "carol@example"),
        ("email", "carol@exa mple.com"),
        ("email", "carol@example.com\nbcc:x@example.com"),
        ("email", f"{'c' * 320}@example.com"),
        ("email", None),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 101),
        ("role", "admin"),
    ],
)
def test_what_cannot_be_used_is_named(client: TestClient, field: str, value: object) -> None:
    answer = sign_up(client, **{field: value})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert list(answer.json()["error"]["details"]["fields"]) == [field]
    with reading() as session:
        assert session.exec(select(User)).all() == []


def test_the_answer_to_a_bad_password_does_not_repeat_it(client: TestClient) -> None:
    assert "s3cret!" not in sign_up(client, password="s3cret!").text


def test_only_an_argon2id_hash_of_the_password_is_stored(client: TestClient) -> None:
    sign_up(client)
    with reading() as session:
        stored = session.exec(select(Account.password_hash)).one()
    assert stored is not None
    assert extract_parameters(stored).type is Type.ID
    assert PasswordHasher().verify(stored, PASSWORD)
