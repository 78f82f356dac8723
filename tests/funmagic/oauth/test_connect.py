import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.core.db import reading
from funmagic.models.users import Account
from funmagic.sessions.viewer import Viewer
from tests.emulators.facebook import FacebookEmulator
from tests.emulators.openid import OpenIdEmulator
from tests.factories import sign_in
from tests.funmagic.oauth.sign_ins import (
    GINA,
    come_back,
    consent_at_facebook,
    leave,
    sign_in_with_facebook,
    sign_in_with_google,
    user_of,
)

pytestmark = pytest.mark.both_databases


def ways_in(viewer: Viewer) -> set[str]:
    with reading() as session:
        return set(session.exec(select(Account.provider).where(Account.user_id == viewer.id)).all())


def connect_google(client: TestClient, google: OpenIdEmulator, **claims: object) -> str:
    location = leave(client, "google", link="1", next="/profile")
    return come_back(client, "google", google.approve(location, **GINA | claims))


def test_a_signed_in_user_can_connect_an_account_with_another_email(
    alice_client: TestClient, alice: Viewer, google: OpenIdEmulator
) -> None:
    assert connect_google(alice_client, google) == "/profile"
    assert ways_in(alice) == {"credential", "google"}
    assert (user_of(alice_client) or {})["isVerified"] is False
    alice_client.cookies.clear()
    sign_in_with_google(alice_client, google)
    assert (user_of(alice_client) or {})["id"] == alice.id


def test_connecting_an_account_with_the_same_verified_email_proves_it_and_keeps_the_rest(
    alice_client: TestClient, alice: Viewer, google: OpenIdEmulator
) -> None:
    connect_google(alice_client, google, email=alice.email)
    assert (user_of(alice_client) or {})["isVerified"] is True
    assert ways_in(alice) == {"credential", "google"}


def test_facebook_too_can_be_connected(alice_client: TestClient, alice: Viewer, facebook: FacebookEmulator) -> None:
    answer = consent_at_facebook(leave(alice_client, "facebook", link="1", next="/profile"))
    assert come_back(alice_client, "facebook", answer) == "/profile"
    assert ways_in(alice) == {"credential", "facebook"}


def test_connecting_twice_is_fine(alice_client: TestClient, google: OpenIdEmulator) -> None:
    connect_google(alice_client, google)
    assert connect_google(alice_client, google) == "/profile"


def test_an_account_that_opens_somebody_elses_cannot_be_connected(
    alice_client: TestClient, bob_client: TestClient, alice: Viewer, bob: Viewer, google: OpenIdEmulator
) -> None:
    connect_google(alice_client, google)
    assert connect_google(bob_client, google) == "/profile?error=oauth_already_linked"
    assert (ways_in(alice), ways_in(bob)) == ({"credential", "google"}, {"credential"})


def test_a_visitor_who_wants_to_connect_is_asked_to_sign_in(client: TestClient, google: OpenIdEmulator) -> None:
    assert leave(client, "google", link="1", next="/profile") == "/login?next=%2Fprofile"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_sites_link_cannot_begin_to_connect(
    alice_client: TestClient, google: OpenIdEmulator, site: str
) -> None:
    headers = {"Sec-Fetch-Site": site}
    answer = alice_client.get("/api/auth/oauth/google?link=1", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FOREIGN_ORIGIN")


def test_nothing_is_connected_to_whoever_has_signed_in_meanwhile(
    alice_client: TestClient, alice: Viewer, bob: Viewer, google: OpenIdEmulator
) -> None:
    location = leave(alice_client, "google", link="1", next="/profile")
    sign_in(alice_client, bob)
    page = come_back(alice_client, "google", google.approve(location, **GINA))
    assert page == "/profile?error=oauth_expired"
    assert (ways_in(alice), ways_in(bob)) == ({"credential"}, {"credential"})


def test_saying_no_leads_back_to_the_profile(alice_client: TestClient, google: OpenIdEmulator) -> None:
    location = leave(alice_client, "google", link="1", next="/profile")
    answer = {"error": "access_denied", "state": google.approve(location)["state"]}
    assert come_back(alice_client, "google", answer) == "/profile?error=oauth_cancelled"


def test_proving_the_email_by_google_keeps_only_google(
    client: TestClient, facebook: FacebookEmulator, google: OpenIdEmulator
) -> None:
    sign_in_with_facebook(client)
    faye = user_of(client)
    sign_in_with_google(client, google, email="faye@example.com")
    assert (user_of(client) or {})["id"] == (faye or {})["id"]
    with reading() as session:
        assert session.exec(select(Account.provider)).all() == ["google"]
