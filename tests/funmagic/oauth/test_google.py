from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.accounts.roles import ban_user
from funmagic.core.db import reading, transaction
from funmagic.models.users import Account, User, UserSession
from funmagic.oauth.providers import configured_providers
from funmagic.sessions.viewer import Viewer
from tests.emulators.openid import OpenIdEmulator
from tests.factories import PASSWORD, balance_of, sign_in
from tests.funmagic.oauth.sign_ins import GINA, come_back, leave, sign_in_with_google, user_of
from tests.servers import shared_api


def accounts() -> list[tuple[str, str]]:
    with reading() as session:
        return list(session.exec(select(Account.provider, Account.provider_account_id)).all())


def test_google_lets_a_new_person_in_and_leads_them_where_they_were_going(
    client: TestClient, google: OpenIdEmulator
) -> None:
    assert sign_in_with_google(client, google) == "/tools/background-remove"
    user = user_of(client)
    assert user
    assert (user["email"], user["name"], user["isVerified"]) == ("gina@example.com", "Gina Gold", True)
    assert accounts() == [("google", "g-1")]
    assert client.get("/api/credits/balance").json()["available"] == 100


def test_google_is_asked_with_pkce_a_nonce_and_a_state(client: TestClient, google: OpenIdEmulator) -> None:
    asked = parse_qs(urlsplit(leave(client, "google")).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 20 for name in ("code_challenge", "nonce", "state"))
    assert asked["redirect_uri"] == ["http://localhost:3999/api/auth/oauth/google/callback"]


def test_the_secrets_of_a_sign_in_are_out_of_reach_for_scripts_and_other_sites(
    client: TestClient, google: OpenIdEmulator
) -> None:
    answer = client.get("/api/auth/oauth/google", follow_redirects=False)
    (cookie,) = [value.lower() for value in answer.headers.get_list("set-cookie")]
    assert {"httponly", "samesite=lax", "path=/api/auth/oauth", "max-age=600"} <= set(cookie.split("; "))


def test_coming_again_is_the_same_user_under_another_email_too(client: TestClient, google: OpenIdEmulator) -> None:
    sign_in_with_google(client, google)
    first = user_of(client)
    assert sign_in_with_google(client, google, email="other@example.com") == "/tools/background-remove"
    assert user_of(client) == first


def test_an_unconfigured_provider_is_not_there(client: TestClient) -> None:
    assert configured_providers() == []
    for path in ("google", "google/callback", "apple", "facebook", "credential", "nobody"):
        assert client.get(f"/api/auth/oauth/{path}", follow_redirects=False).status_code == 404
    assert client.post("/api/auth/oauth/apple/callback", data={"state": "x"}).status_code == 404


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/api/auth/session"])
def test_nobody_is_led_to_another_site(client: TestClient, google: OpenIdEmulator, wanted: str) -> None:
    location = leave(client, "google", next=wanted)
    assert come_back(client, "google", google.approve(location, **GINA)) == "/tools"


def test_two_tabs_can_sign_in_at_once(client: TestClient, google: OpenIdEmulator) -> None:
    first, second = leave(client, "google", next="/tools/one"), leave(client, "google", next="/tools/two")
    assert come_back(client, "google", google.approve(first, **GINA)) == "/tools/one"
    assert come_back(client, "google", google.approve(second, **GINA)) == "/tools/two"
    assert len(accounts()) == 1


def test_many_first_sign_ins_at_once_make_one_account(client: TestClient, google: OpenIdEmulator) -> None:
    browsers = [TestClient(shared_api(), base_url="http://localhost:3999") for _ in range(4)]
    answers = [(browser, google.approve(leave(browser, "google"), **GINA)) for browser in browsers]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda pair: come_back(pair[0], "google", pair[1]), answers))
    assert pages == ["/tools"] * 4
    assert accounts() == [("google", "g-1")]


def test_signing_in_replaces_the_session_that_the_browser_had(
    alice_client: TestClient, alice: Viewer, google: OpenIdEmulator
) -> None:
    sign_in_with_google(alice_client, google)
    with reading() as session:
        (opened,) = session.exec(select(UserSession)).all()
    assert opened.user_id != alice.id


def test_a_verified_email_opens_the_account_that_has_it(
    client: TestClient, alice: Viewer, google: OpenIdEmulator
) -> None:
    with transaction() as session:
        session.get_one(User, alice.id).email_verified_at = session.get_one(User, alice.id).created_at
    sign_in_with_google(client, google, email="Alice@Example.com")
    assert (user_of(client) or {})["id"] == alice.id
    assert sorted(accounts()) == [("credential", alice.id), ("google", "g-1")]
    assert balance_of(alice).available == 100


def test_a_verified_email_throws_out_whoever_had_signed_up_with_it_before(
    client: TestClient, alice: Viewer, google: OpenIdEmulator
) -> None:
    thief = sign_in(TestClient(shared_api(), base_url="http://localhost:3999"), alice)
    sign_in_with_google(client, google, email=alice.email)
    assert (user_of(client) or {})["id"] == alice.id
    assert user_of(thief) is None
    assert accounts() == [("google", "g-1")]
    body = {"email": alice.email, "password": PASSWORD}
    assert thief.post("/api/auth/sign-in", json=body).status_code == 401


def test_an_unverified_email_never_opens_the_account_that_has_it(
    client: TestClient, alice: Viewer, google: OpenIdEmulator
) -> None:
    page = sign_in_with_google(client, google, email=alice.email, email_verified=False)
    assert page == "/login?error=oauth_email_taken&next=%2Ftools%2Fbackground-remove"
    assert user_of(client) is None
    assert accounts() == [("credential", alice.id)]


def test_there_is_no_account_without_an_email(client: TestClient, google: OpenIdEmulator) -> None:
    assert "error=oauth_email_missing" in sign_in_with_google(client, google, email=None)
    assert accounts() == []


def test_a_banned_user_is_not_let_in(client: TestClient, google: OpenIdEmulator) -> None:
    sign_in_with_google(client, google)
    user = user_of(client)
    assert user
    with transaction() as session:
        ban_user(session, session.get_one(User, user["id"]))
    assert "error=oauth_failed" in sign_in_with_google(client, google)
    assert "error=oauth_failed" in sign_in_with_google(client, google, sub="g-2")
    assert user_of(client) is None
    assert accounts() == [("google", "g-1")]
