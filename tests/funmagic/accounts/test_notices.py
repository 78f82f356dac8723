"""What the owner of an account hears of when its ways in change, and when."""

from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.accounts.create_admin import create_admin
from funmagic.accounts.users import drop_password
from funmagic.core.db import transaction
from funmagic.mail.service import MOST_NOTICES
from funmagic.models.users import User
from funmagic.oauth.connections import link, unlink
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.mailbox import Mailbox, link_in

NEW = "purple monkey dishwasher"


def change_password(client: TestClient, current: str | None = PASSWORD, new: str = NEW) -> Any:
    return client.put("/api/profile/password", json={"current": current, "new": new})


def subjects(mailbox: Mailbox, to: str = "alice@example.com") -> list[str]:
    return [mail["subject"] for mail in mailbox.messages(to)]


def test_a_changed_password_is_told_with_the_time_and_what_to_do(alice_client: TestClient, mailbox: Mailbox) -> None:
    assert change_password(alice_client).status_code == 204
    mail = mailbox.newest("alice@example.com")
    assert mail["subject"] == "Your FunMagic password was changed"
    assert "Hello Alice," in mail["text"]
    assert "UTC, the password of your FunMagic account was changed" in mail["text"]
    assert "set a new password now" in mail["text"]
    assert link_in(mail) == "http://localhost:3999/forgot-password"


def test_nothing_is_told_of_what_was_refused(alice_client: TestClient, mailbox: Mailbox) -> None:
    assert change_password(alice_client, "a guess at it").status_code == 400
    assert mailbox.messages() == []


def test_a_first_password_and_a_reset_one_are_told(alice: Viewer, alice_client: TestClient, mailbox: Mailbox) -> None:
    with transaction() as session:
        drop_password(session, alice.id)
    change_password(alice_client, None)
    alice_client.post("/api/auth/forgot-password", json={"email": alice.email})
    token = link_in(mailbox.newest(alice.email)).partition("token=")[2]
    alice_client.post("/api/auth/reset-password", json={"token": token, "password": NEW})
    assert subjects(mailbox) == [
        "Your FunMagic password was changed",
        "Set a new password for FunMagic",
        "A password was set for your FunMagic account",
    ]


def test_a_password_that_an_operator_sets_is_told_to_who_was_there(alice: Viewer, mailbox: Mailbox) -> None:
    create_admin(alice.email, role="admin", password=NEW)
    create_admin("new@example.com", role="admin", password=NEW)
    assert subjects(mailbox) == ["Your FunMagic password was changed"]
    assert subjects(mailbox, "new@example.com") == []


def change_email(client: TestClient, mailbox: Mailbox) -> None:
    client.post("/api/profile/email", json={"email": "alice@elsewhere.example"})
    for address in ("alice@example.com", "alice@elsewhere.example"):
        token = link_in(mailbox.newest(address)).partition("token=")[2]
        client.post("/api/profile/email/confirm", json={"token": token})


def test_both_addresses_are_told_of_a_change_of_email(alice_client: TestClient, mailbox: Mailbox) -> None:
    change_email(alice_client, mailbox)
    for address in ("alice@example.com", "alice@elsewhere.example"):
        mail = mailbox.newest(address)
        assert mail["subject"] == "Your FunMagic email has changed"
        assert "alice@elsewhere.example and no longer alice@example.com since" in mail["text"].replace("\n", " ")


def test_the_old_address_is_offered_no_password_that_it_cannot_set(alice_client: TestClient, mailbox: Mailbox) -> None:
    change_email(alice_client, mailbox)
    old, new = (mailbox.newest(address) for address in ("alice@example.com", "alice@elsewhere.example"))
    assert "forgot-password" not in old["text"] + old["html"]
    assert "answer this mail at once" in old["text"]
    assert link_in(new) == "http://localhost:3999/forgot-password"


def enter_by_link(client: TestClient, mailbox: Mailbox) -> None:
    client.post("/api/auth/magic-link", json={"email": "alice@example.com", "next": ""})
    token = link_in(mailbox.newest()).partition("token=")[2]
    client.post("/api/auth/magic-link/verify", json={"token": token})


def test_a_password_that_goes_with_the_first_proof_of_the_email_is_told(
    alice: Viewer, client: TestClient, mailbox: Mailbox
) -> None:
    for _ in range(2):
        enter_by_link(client, mailbox)
    cleared = "Your FunMagic account no longer has a password"
    assert subjects(mailbox).count(cleared) == 1
    [mail] = [mail for mail in mailbox.messages() if mail["subject"] == cleared]
    assert "was confirmed for the first time" in mail["text"]
    assert link_in(mail) == "http://localhost:3999/forgot-password"


def test_no_password_is_told_to_be_gone_that_is_kept_or_replaced(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    alice_client.post("/api/auth/verify-email/resend")
    token = link_in(mailbox.newest()).partition("token=")[2]
    alice_client.post("/api/auth/verify-email", json={"token": token})
    assert subjects(mailbox) == ["Confirm your email for FunMagic"]
    bob = factories.make_user("bob")
    alice_client.post("/api/auth/forgot-password", json={"email": bob.email})
    token = link_in(mailbox.newest(bob.email)).partition("token=")[2]
    alice_client.post("/api/auth/reset-password", json={"token": token, "password": NEW})
    assert subjects(mailbox, bob.email) == ["Your FunMagic password was changed", "Set a new password for FunMagic"]


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_new_password_says_which_change_of_email_it_calls_off(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox, way: str
) -> None:
    alice_client.post("/api/profile/email", json={"email": "alice@elsewhere.example"})
    if way == "change":
        change_password(alice_client)
    else:
        alice_client.post("/api/auth/forgot-password", json={"email": alice.email})
        token = link_in(mailbox.newest(alice.email)).partition("token=")[2]
        alice_client.post("/api/auth/reset-password", json={"token": token, "password": NEW})
    told = mailbox.newest(alice.email)["text"].replace("\n", " ")
    assert "The change of your email to alice@elsewhere.example was called off" in told


@pytest.mark.parametrize("provider", ["google", "apple", "facebook"])
def test_a_provider_that_is_taken_away_is_told(alice: Viewer, redis: None, mailbox: Mailbox, provider: str) -> None:
    with transaction() as session:
        link(session, session.get_one(User, alice.id), provider, "1")
        unlink(session, alice, provider)
    assert subjects(mailbox) == [f"{provider.title()} no longer opens your FunMagic account"]


def test_a_password_that_is_taken_away_is_told(alice: Viewer, redis: None, mailbox: Mailbox) -> None:
    with transaction() as session:
        link(session, session.get_one(User, alice.id), "google", "1")
        unlink(session, alice, "credential")
    assert subjects(mailbox) == ["Your FunMagic account no longer has a password"]


def request_links(client: TestClient) -> None:
    for _ in range(5):
        client.post("/api/auth/magic-link", json={"email": "alice@example.com", "next": ""})


def test_asking_for_other_mails_keeps_no_notice_from_arriving(alice_client: TestClient, mailbox: Mailbox) -> None:
    request_links(alice_client)
    change_password(alice_client)
    assert subjects(mailbox).count("Your FunMagic password was changed") == 1


def test_notices_keep_no_other_mail_from_arriving_and_are_not_without_end(
    alice_client: TestClient, mailbox: Mailbox
) -> None:
    passwords = [PASSWORD, NEW] * MOST_NOTICES
    for current, new in pairwise(passwords):
        assert change_password(alice_client, current, new).status_code == 204
    assert subjects(mailbox) == ["Your FunMagic password was changed"] * MOST_NOTICES
    request_links(alice_client)
    assert subjects(mailbox).count("Your sign-in link for FunMagic") == 3
