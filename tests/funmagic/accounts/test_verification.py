import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from funmagic import paths
from funmagic.core.db import reading
from funmagic.core.settings import get_settings
from funmagic.models.tasks import Task
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.funmagic.accounts.links_mailed import mailed_token
from tests.mailbox import Mailbox

pytestmark = pytest.mark.both_databases

CAROL = {"email": "carol@example.com", "password": PASSWORD, "name": "Carol", "browserKey": "k" * 43}


@pytest.fixture
def must_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """Emails must be proved before anything is run."""
    monkeypatch.setattr(get_settings(), "require_email_verification", True)


def sign_up(client: TestClient) -> Response:
    return client.post(paths.API_SIGN_UP, json=CAROL)


def sign_in(client: TestClient) -> Response:
    return client.post(paths.API_SIGN_IN, json={"email": CAROL["email"], "password": PASSWORD})


def verify(client: TestClient, token: str, key: str = CAROL["browserKey"]) -> Response:
    return client.post(paths.API_VERIFY_EMAIL, json={"token": token, "browserKey": key})


def credits_of(client: TestClient) -> int:
    return client.get("/api/credits/balance").json()["available"]


def run_a_tool(client: TestClient) -> Response:
    with reading() as session:
        user = session.exec(select(User).where(User.email == CAROL["email"])).one()
        asset_id = factories.upload_photo(Viewer.of(user))
    return client.post("/api/tasks", json={"toolSlug": "background-remove", "input": {"assetId": asset_id}})


def test_a_mailed_link_proves_the_email_once(client: TestClient, mailbox: Mailbox) -> None:
    assert sign_up(client).json()["user"]["isVerified"] is False
    token = mailed_token(mailbox.newest(CAROL["email"]))
    assert verify(client, token).json()["user"]["isVerified"] is True
    assert client.get(paths.API_SESSION).json()["user"]["isVerified"] is True
    assert verify(client, token).json()["error"]["code"] == "LINK_EXPIRED"
    assert credits_of(client) == 100


def test_the_link_is_mailed_again_until_it_is_not_needed(client: TestClient, mailbox: Mailbox) -> None:
    sign_up(client)
    first = mailed_token(mailbox.newest())
    assert client.post(paths.API_RESEND_VERIFICATION).status_code == 202
    second = mailed_token(mailbox.newest())
    assert verify(client, first).json()["error"]["code"] == "LINK_EXPIRED"
    assert verify(client, second).status_code == 200
    assert client.post(paths.API_RESEND_VERIFICATION).status_code == 202
    assert len(mailbox.messages(CAROL["email"])) == 2


def test_a_visitor_has_nothing_mailed_again(client: TestClient, mailbox: Mailbox) -> None:
    assert client.post(paths.API_RESEND_VERIFICATION).status_code == 401
    assert mailbox.messages() == []


def test_elsewhere_an_unproved_email_keeps_nobody_from_running_tools(client: TestClient, mailbox: Mailbox) -> None:
    sign_up(client)
    assert run_a_tool(client).status_code == 201


def test_where_emails_must_be_proved_credits_and_tools_wait_for_it(
    must_verify: None, client: TestClient, mailbox: Mailbox
) -> None:
    answer = sign_up(client)
    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers
    sign_in(client)
    assert credits_of(client) == 0
    refused = run_a_tool(client)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "EMAIL_UNVERIFIED")
    with reading() as session:
        assert session.exec(select(Task)).all() == []
    assert verify(client, mailed_token(mailbox.newest())).status_code == 200
    assert credits_of(client) == 100
    assert run_a_tool(client).status_code == 201
    assert factories.books_are_right()


def test_an_answer_to_a_sign_up_does_not_tell_whether_the_email_is_taken(
    must_verify: None, client: TestClient, mailbox: Mailbox
) -> None:
    free, taken = sign_up(client), sign_up(client)
    assert free.status_code == taken.status_code == 201
    assert set(free.json()["user"]) == set(taken.json()["user"])
    assert free.json()["user"]["id"] != taken.json()["user"]["id"]
    told, first = mailbox.messages(CAROL["email"])
    assert "/verify-email" in first["text"]
    assert "/verify-email" not in told["text"]
    with reading() as session:
        assert len(session.exec(select(User)).all()) == 1


def test_signing_up_again_changes_no_password(must_verify: None, client: TestClient, mailbox: Mailbox) -> None:
    sign_up(client)
    client.post(paths.API_SIGN_UP, json=CAROL | {"password": "a squatter's password"})
    assert sign_in(client).status_code == 200


def test_the_mail_says_what_becomes_of_an_account_that_somebody_else_made(client: TestClient, mailbox: Mailbox) -> None:
    sign_up(client)
    said = mailbox.newest(CAROL["email"])["text"].replace("\n", " ")
    assert run_a_tool(client).status_code == 201
    assert "cannot be used" not in said
    assert "sign in by email: that shuts everybody else out" in said
