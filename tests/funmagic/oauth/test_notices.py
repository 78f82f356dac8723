"""Mails that tell of a provider which opens an account from now on."""

from fastapi.testclient import TestClient

from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.emulators.openid import OpenIdEmulator
from tests.funmagic.oauth.sign_ins import GINA, come_back, leave
from tests.mailbox import Mailbox


def subjects(mailbox: Mailbox, to: str = "alice@example.com") -> list[str]:
    return [mail["subject"] for mail in mailbox.messages(to)]


def test_a_provider_is_told_once_when_it_is_connected(
    alice_client: TestClient,
    mailbox: Mailbox,
    google: OpenIdEmulator,
) -> None:
    for _ in range(2):
        location = leave(alice_client, "google", link="1", next="/profile")
        come_back(alice_client, "google", google.approve(location, **GINA))
    assert subjects(mailbox) == ["Google now opens your FunMagic account"]


def test_a_provider_that_vouches_for_the_email_of_an_account_is_told_and_a_new_account_is_not(
    alice: Viewer,
    client: TestClient,
    mailbox: Mailbox,
    google: OpenIdEmulator,
) -> None:
    factories.prove(alice)
    for claims in (GINA, GINA | {"sub": "g-2", "email": alice.email}):
        come_back(client, "google", google.approve(leave(client, "google"), **claims))
    assert subjects(mailbox) == ["Google now opens your FunMagic account"]
    assert subjects(mailbox, "gina@example.com") == []
