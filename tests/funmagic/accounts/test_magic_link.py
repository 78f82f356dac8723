from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from funmagic import paths
from funmagic.accounts import service
from funmagic.accounts.tokens import LIFETIMES
from funmagic.core.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.users import OneTimeToken, TokenPurpose, User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.funmagic.accounts.links_mailed import mailed_token
from tests.mailbox import Mailbox, link_in
from tests.servers import shared_api

pytestmark = pytest.mark.both_databases

CAROL = "carol@example.com"


def request_link(client: TestClient, email: str = CAROL, next_url: str = "/profile") -> Response:
    return client.post(paths.API_MAGIC_LINK, json={"email": email, "next": next_url})


def enter(client: TestClient, token: str) -> Response:
    return client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": token}, follow_redirects=False)


def who(client: TestClient) -> str | None:
    user = client.get(paths.API_SESSION).json()["user"]
    return user["email"] if user else None


def test_a_link_makes_the_account_signs_in_and_leads_on(client: TestClient, mailbox: Mailbox) -> None:
    answer = request_link(client, "  Carol@Example.com ")
    assert (answer.status_code, answer.text) == (202, "")
    with reading() as session:
        assert session.exec(select(User)).all() == []  # whoever only asks is nobody yet
    entered = enter(client, mailed_token(mailbox.newest(CAROL)))
    assert (entered.status_code, entered.headers["location"]) == (303, "/profile")
    assert who(client) == CAROL
    assert client.get("/api/credits/balance").json()["available"] == 100
    assert client.get(paths.API_SESSION).json()["user"]["isVerified"] is True


def test_a_link_signs_in_who_has_an_account(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    request_link(client, alice.email)
    enter(client, mailed_token(mailbox.newest()))
    assert client.get(paths.API_SESSION).json()["user"]["id"] == alice.id
    assert factories.balance_of(alice).balance == 100


def test_a_link_works_in_another_browser_than_the_one_that_asked(client: TestClient, mailbox: Mailbox) -> None:
    request_link(client)
    phone = TestClient(shared_api(), base_url="http://localhost:3999")
    assert enter(phone, mailed_token(mailbox.newest())).status_code == 303
    assert (who(phone), who(client)) == (CAROL, None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_only_looks_at_a_link_burns_nothing(client: TestClient, mailbox: Mailbox, method: str) -> None:
    request_link(client)
    link = link_in(mailbox.newest())
    for _ in range(3):
        client.request(method, link)
    shown = client.get(link)
    assert shown.status_code == 200
    assert CAROL in shown.text
    assert "set-cookie" not in shown.headers
    assert "no-store" in shown.headers["cache-control"]
    assert enter(client, mailed_token(mailbox.newest())).status_code == 303


def test_the_page_posts_as_a_form_and_that_signs_in(client: TestClient, mailbox: Mailbox) -> None:
    request_link(client)
    form = {"token": mailed_token(mailbox.newest())}
    own = {"Origin": "http://localhost:3999"}
    answer = client.post(paths.API_MAGIC_LINK_VERIFY, data=form, headers=own, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")


def test_asking_again_replaces_the_link_before(client: TestClient, mailbox: Mailbox) -> None:
    request_link(client)
    first = mailed_token(mailbox.newest())
    request_link(client)
    second = mailed_token(mailbox.newest())
    assert enter(client, first).json()["error"]["code"] == "LINK_EXPIRED"
    assert enter(client, second).status_code == 303


def test_asking_does_not_replace_anothers_link(client: TestClient, mailbox: Mailbox) -> None:
    request_link(client)
    request_link(client, "dave@example.com")
    assert enter(client, mailed_token(mailbox.newest(CAROL))).status_code == 303


def test_a_link_is_good_for_ten_minutes(client: TestClient, mailbox: Mailbox) -> None:
    assert LIFETIMES[TokenPurpose.MAGIC_LINK] == timedelta(minutes=10)
    request_link(client)
    token = mailed_token(mailbox.newest())
    with transaction() as session:
        link = session.exec(select(OneTimeToken)).one()
        assert timedelta(minutes=9) < link.expires_at - utcnow() <= timedelta(minutes=10)
        session.execute(sa.update(OneTimeToken).values(expires_at=utcnow()))
    assert enter(client, token).json()["error"]["code"] == "LINK_EXPIRED"
    shown = client.get(paths.API_MAGIC_LINK_VERIFY, params={"token": token})
    assert "expired" in shown.text.lower()


@pytest.mark.parametrize("token", ["", "made-up", "x" * 200])
def test_a_secret_we_did_not_make_opens_nothing(client: TestClient, token: str) -> None:
    assert enter(client, token).status_code in (400, 422)
    assert who(client) is None


def test_a_link_of_a_deleted_account_makes_a_new_one(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    with transaction() as session:
        user = session.get_one(User, alice.id)
        user.deleted_at, user.email = utcnow(), "gone@deleted.invalid"
    request_link(client, alice.email)
    enter(client, mailed_token(mailbox.newest()))
    user = client.get(paths.API_SESSION).json()["user"]
    assert (user["email"], user["id"] != alice.id) == (alice.email, True)
    # They were welcomed before.
    assert client.get("/api/credits/balance").json()["available"] == 0


def test_a_failing_step_after_the_link_leaves_it_unused(
    client: TestClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_link(client)
    token = mailed_token(mailbox.newest())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(service, "find_or_create_proven", fail)
        with pytest.raises(RuntimeError):
            enter(client, token)
    assert enter(client, token).status_code == 303
