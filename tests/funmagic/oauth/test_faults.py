import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.api.oauth import flows
from funmagic.core.db import reading
from funmagic.models.users import User
from funmagic.oauth import exchange
from funmagic.oauth.errors import FAILURES
from funmagic.oauth.providers import forget_clients
from tests.emulators.openid import FOREIGN_KEY, OpenIdEmulator
from tests.funmagic.oauth.sign_ins import GINA, come_back, leave, sign_in_with_google, user_of
from tests.ports import free_port
from tests.servers import shared_api

EXPIRED = "/login?error=oauth_expired"


@pytest.fixture(autouse=True)
def _nothing_half_made(client: TestClient) -> Iterator[None]:
    """However it ends: nobody is signed in, and no user was made."""
    yield
    assert user_of(client) is None
    with reading() as session:
        assert session.exec(select(User)).all() == []


def ends_with(code: str) -> str:
    assert code in FAILURES
    return f"/login?error={code}&next=%2Ftools%2Fbackground-remove"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "oauth_cancelled"),
        ("temporarily_unavailable", "oauth_unavailable"),
        ("server_error", "oauth_unavailable"),
        ("invalid_scope", "oauth_failed"),
    ],
)
def test_what_the_provider_refuses_is_told(client: TestClient, google: OpenIdEmulator, error: str, code: str) -> None:
    location = leave(client, "google", next="/tools/background-remove")
    answer = {"error": error, "state": google.approve(location)["state"]}
    assert come_back(client, "google", answer) == ends_with(code)
    assert come_back(client, "google", answer) == EXPIRED


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-app"},
        {"aud": ["another-app"], "azp": "google-app"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"azp": "another-app"},
    ],
    ids=["issuer", "audience", "audience-with-azp", "nonce", "no-nonce", "expired", "azp"],
)
def test_a_token_that_is_not_for_us_is_refused(
    client: TestClient, google: OpenIdEmulator, claims: dict[str, Any]
) -> None:
    assert sign_in_with_google(client, google, **claims) == ends_with("oauth_failed")


def test_a_token_signed_by_somebody_else_is_refused(client: TestClient, google: OpenIdEmulator) -> None:
    google.key = FOREIGN_KEY
    assert sign_in_with_google(client, google) == ends_with("oauth_failed")


@pytest.mark.parametrize("state", ["", "never-given", "a; Path=/", "é"])
def test_an_answer_that_nobody_asked_for_is_refused(client: TestClient, google: OpenIdEmulator, state: str) -> None:
    answer = google.approve(leave(client, "google"), **GINA)
    assert come_back(client, "google", answer | {"state": state}) == EXPIRED
    assert google.token_requests == []


def test_nobody_is_signed_in_by_a_link_to_the_end_of_somebody_elses_sign_in(
    client: TestClient, google: OpenIdEmulator
) -> None:
    attacker = TestClient(shared_api(), base_url="http://localhost:3999")
    answer = google.approve(leave(attacker, "google"), **GINA)
    assert come_back(client, "google", answer) == EXPIRED
    own = leave(client, "google")
    assert come_back(client, "google", answer | {"state": google.approve(own)["state"]}).startswith(EXPIRED)


def test_a_sign_in_that_took_too_long_is_refused(
    client: TestClient, google: OpenIdEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = google.approve(leave(client, "google"), **GINA)
    monkeypatch.setattr(flows, "LIFETIME_S", -1)
    assert come_back(client, "google", answer) == EXPIRED


def test_what_the_browser_keeps_of_a_sign_in_cannot_be_changed(client: TestClient, google: OpenIdEmulator) -> None:
    answer = google.approve(leave(client, "google"), **GINA)
    (cookie,) = client.cookies.jar
    kept = str(cookie.value)
    cookie.value = kept[:9] + ("A" if kept[9] != "A" else "B") + kept[10:]
    assert come_back(client, "google", answer) == EXPIRED


def test_a_sign_in_cannot_be_ended_by_another_provider(
    client: TestClient, google: OpenIdEmulator, apple: OpenIdEmulator
) -> None:
    answer = google.approve(leave(client, "google"), **GINA)
    assert come_back(client, "apple", answer) == EXPIRED


def test_a_code_that_was_used_before_is_refused(client: TestClient, google: OpenIdEmulator) -> None:
    answer = google.approve(leave(client, "google"), **GINA)
    google.grants[answer["code"]].is_used = True
    assert come_back(client, "google", answer) == EXPIRED + "&next=%2Ftools"


def test_an_answer_without_a_code_is_refused(client: TestClient, google: OpenIdEmulator) -> None:
    state = google.approve(leave(client, "google"))["state"]
    assert come_back(client, "google", {"state": state}) == "/login?error=oauth_failed&next=%2Ftools"


@pytest.mark.parametrize("number", [500, 503])
def test_a_provider_in_trouble_is_told(client: TestClient, google: OpenIdEmulator, number: int) -> None:
    google.trouble["token"] = number
    assert sign_in_with_google(client, google) == ends_with("oauth_unavailable")


@pytest.mark.parametrize(
    "nonsense", ["{not json", "[]", "null", '{"access_token": "a"}', '"x"', '{"id_token": "x.y.z"}']
)
def test_a_provider_that_answers_nonsense_is_told(client: TestClient, google: OpenIdEmulator, nonsense: str) -> None:
    google.nonsense["token"] = nonsense
    assert sign_in_with_google(client, google) in (ends_with("oauth_unavailable"), ends_with("oauth_failed"))


def test_a_provider_that_does_not_answer_is_not_waited_for(
    client: TestClient, google: OpenIdEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = leave(client, "google", next="/tools/background-remove")
    google.trouble["token"] = 0
    monkeypatch.setattr(exchange, "TIMEOUT_S", 0.3)
    assert come_back(client, "google", google.approve(location, **GINA)) == ends_with("oauth_unavailable")


def test_a_provider_that_is_gone_is_told_before_anybody_leaves(
    client: TestClient, google: OpenIdEmulator, settings: Callable[..., None]
) -> None:
    settings(google_issuer=f"http://127.0.0.1:{free_port()}")
    assert leave(client, "google", next="/tools/background-remove") == ends_with("oauth_unavailable")


@pytest.mark.parametrize("nonsense", ["{}", "[]", "<html>", '{"issuer": "https://evil.example"}'])
def test_a_provider_whose_description_is_nonsense_is_told_and_asked_again(
    client: TestClient, google: OpenIdEmulator, nonsense: str
) -> None:
    forget_clients()
    google.nonsense["discovery"] = nonsense
    assert leave(client, "google", next="/tools/background-remove") == ends_with("oauth_unavailable")
    google.nonsense.clear()
    assert leave(client, "google").startswith(google.issuer)


@pytest.mark.parametrize("nonsense", ["{}", "[]", '{"keys": []}', "<html>"])
def test_keys_that_were_nonsense_are_asked_for_again(client: TestClient, google: OpenIdEmulator, nonsense: str) -> None:
    forget_clients()
    google.nonsense["jwks"] = nonsense
    assert "error=oauth_" in sign_in_with_google(client, google)
    google.nonsense.clear()
    assert sign_in_with_google(client, google, email="") == ends_with("oauth_email_missing")
