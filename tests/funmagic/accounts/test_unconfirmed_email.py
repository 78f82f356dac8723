"""Who mistyped their email, and never confirmed it, gets the right one without anybody reading the wrong one's mail."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.accounts.users import drop_password
from funmagic.core.db import reading, transaction
from funmagic.core.settings import get_settings
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.mailbox import Mailbox, link_in

OLD, NEW = "alice@example.com", "alice@elsewhere.example"


def request_correction(client: TestClient, email: str = NEW, password: str | None = PASSWORD) -> Any:
    return client.post("/api/profile/email", json={"email": email, "password": password})


def agree(client: TestClient, mailbox: Mailbox, address: str = NEW) -> Any:
    token = link_in(mailbox.newest(address)).partition("token=")[2]
    return client.post("/api/profile/email/confirm", json={"token": token})


def code_of(answer: Any) -> str:
    return answer.json()["error"]["code"]


def profile_of(client: TestClient) -> Any:
    return client.get("/api/profile").json()["profile"]


def another_browser(client: TestClient) -> TestClient:
    return TestClient(client.app, base_url="http://localhost:3999")


def email_of(viewer: Viewer) -> str:
    with reading() as session:
        return session.get_one(User, viewer.id).email


def test_the_new_address_alone_agrees_where_its_account_is_signed_in(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    assert request_correction(alice_client).status_code == 202
    assert [mail["to"] for mail in mailbox.messages()] == [NEW]
    assert OLD not in mailbox.newest(NEW)["text"]
    assert "has agreed" not in mailbox.newest(NEW)["text"]
    assert profile_of(alice_client)["pendingEmail"] == NEW
    assert code_of(agree(another_browser(alice_client), mailbox)) == "UNAUTHORIZED"
    assert agree(alice_client, mailbox).json() == {"oldEmail": OLD, "newEmail": NEW, "waitsFor": "", "isDone": True}
    profile = profile_of(alice_client)
    assert (profile["email"], profile["isVerified"], profile["pendingEmail"]) == (NEW, True, "")
    body = {"email": NEW, "password": PASSWORD}
    assert another_browser(alice_client).post("/api/auth/sign-in", json=body).status_code == 200


def test_the_old_address_hears_that_it_is_left_and_not_for_which(alice_client: TestClient, mailbox: Mailbox) -> None:
    request_correction(alice_client)
    agree(alice_client, mailbox)
    [told] = mailbox.messages(OLD)
    assert told["subject"] == "A FunMagic account no longer has your email"
    for secret in (NEW, "Alice", "forgot-password"):
        assert secret not in told["text"] + told["html"]


@pytest.mark.parametrize("password", ["a guess at it", ""])
def test_a_wrong_password_asks_nobody(alice_client: TestClient, mailbox: Mailbox, password: str) -> None:
    assert code_of(request_correction(alice_client, password=password)) == "WRONG_PASSWORD"
    assert mailbox.messages() == []


def test_an_account_without_a_password_cannot_be_moved_by_one(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    with transaction() as session:
        drop_password(session, alice.id)
    assert code_of(request_correction(alice_client)) == "WRONG_PASSWORD"
    assert request_correction(alice_client, password=None).status_code == 202
    assert {mail["to"] for mail in mailbox.messages()} == {OLD, NEW}


def test_a_confirmed_address_is_asked_whoever_knows_the_password(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    factories.prove(alice)
    request_correction(alice_client)
    assert agree(alice_client, mailbox).json()["waitsFor"] == OLD
    assert email_of(alice) == OLD


def test_whoever_confirms_the_old_address_meanwhile_is_not_passed_over(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    request_correction(alice_client)
    factories.prove(alice)
    assert profile_of(alice_client)["pendingEmail"] == ""
    assert code_of(agree(alice_client, mailbox)) == "LINK_EXPIRED"
    assert email_of(alice) == OLD


def test_an_email_that_somebody_has_is_refused(
    alice: Viewer, bob: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    assert request_correction(alice_client, "bob@example.com").status_code == 202
    assert code_of(agree(alice_client, mailbox, "bob@example.com")) == "EMAIL_TAKEN"
    assert email_of(alice) == OLD


@pytest.mark.parametrize("verifies", [True, False])
def test_the_welcome_credits_are_given_once(
    client: TestClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, *, verifies: bool
) -> None:
    monkeypatch.setattr(get_settings(), "require_email_verification", verifies)
    alice = factories.make_user("alice")
    browser = factories.sign_in(client, alice)
    assert factories.balance_of(alice).available == (0 if verifies else 100)
    request_correction(browser)
    assert agree(browser, mailbox).json()["isDone"]
    assert factories.balance_of(alice).available == 100
    assert factories.books_are_right()
