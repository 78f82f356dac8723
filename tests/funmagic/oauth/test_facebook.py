import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.core.db import reading
from funmagic.models.users import Account, User
from funmagic.sessions.viewer import Viewer
from tests.emulators.facebook import FAYE, FacebookEmulator
from tests.funmagic.oauth.sign_ins import come_back, consent_at_facebook, leave, sign_in_with_facebook, user_of
from tests.mailbox import Mailbox


def test_facebook_lets_a_new_person_in_whose_email_is_yet_to_be_proved(
    client: TestClient, facebook: FacebookEmulator, mailbox: Mailbox
) -> None:
    assert sign_in_with_facebook(client) == "/tools"
    user = user_of(client)
    assert user
    assert (user["email"], user["name"], user["isVerified"]) == ("faye@example.com", "Faye Book", False)
    (mail,) = mailbox.messages()
    assert mail["to"] == "faye@example.com"


def test_coming_again_from_facebook_is_the_same_user(client: TestClient, facebook: FacebookEmulator) -> None:
    sign_in_with_facebook(client)
    first = user_of(client)
    client.cookies.clear()
    facebook.person["email"] = "new@example.com"
    sign_in_with_facebook(client)
    assert user_of(client) == first


def test_facebook_never_opens_an_account_that_was_there_before(
    client: TestClient, alice: Viewer, facebook: FacebookEmulator
) -> None:
    facebook.person["email"] = alice.email
    assert sign_in_with_facebook(client) == "/login?error=oauth_email_taken&next=%2Ftools"
    assert user_of(client) is None
    with reading() as session:
        assert session.exec(select(Account.provider)).all() == ["credential"]


@pytest.mark.parametrize("email", [None, "", "no email"])
def test_whoever_does_not_share_an_email_is_asked_to(
    client: TestClient, facebook: FacebookEmulator, email: str | None
) -> None:
    facebook.person = {**FAYE, "email": email}
    assert sign_in_with_facebook(client) == "/login?error=oauth_email_missing&next=%2Ftools"
    with reading() as session:
        assert session.exec(select(User)).all() == []


def test_saying_no_at_facebook_is_told(client: TestClient, facebook: FacebookEmulator) -> None:
    answer = consent_at_facebook(leave(client, "facebook", next="/tools"), "Cancel")
    assert come_back(client, "facebook", answer) == "/login?error=oauth_cancelled&next=%2Ftools"


def test_a_facebook_code_works_once(client: TestClient, facebook: FacebookEmulator) -> None:
    answer = consent_at_facebook(leave(client, "facebook", next="/tools"))
    facebook.codes.clear()
    assert "error=oauth_" in come_back(client, "facebook", answer)
    assert user_of(client) is None
