import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey
from pydantic import SecretStr

from funmagic.core.settings import get_settings
from tests.emulators import facebook as facebook_emulator
from tests.emulators.facebook import FacebookEmulator
from tests.emulators.openid import OpenIdEmulator
from tests.emulators.server import serving
from tests.ports import free_port

GINA = {"sub": "g-1", "email": "gina@example.com", "email_verified": True, "name": "Gina Gold"}
APPLE_KEY = ECKey.generate_key("P-256")


@pytest.fixture(scope="session")
def openid_server() -> Iterator[OpenIdEmulator]:
    emulator = OpenIdEmulator()
    with serving(emulator.app, free_port()) as emulator.issuer:
        yield emulator


@pytest.fixture(scope="session")
def facebook_server() -> Iterator[tuple[FacebookEmulator, str]]:
    emulator = FacebookEmulator()
    with serving(emulator.app, free_port()) as url:
        yield emulator, url


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def change(**values: Any) -> None:
        for name, value in values.items():
            monkeypatch.setattr(get_settings(), name, value)

    return change


@pytest.fixture
def google(openid_server: OpenIdEmulator, settings: Callable[..., None]) -> OpenIdEmulator:
    """Google is configured, and is an emulator."""
    openid_server.reset()
    secret = SecretStr("google-secret")
    settings(google_client_id="google-app", google_client_secret=secret, google_issuer=openid_server.issuer)
    return openid_server


@pytest.fixture
def apple(openid_server: OpenIdEmulator, settings: Callable[..., None]) -> OpenIdEmulator:
    """Apple is configured, and is an emulator."""
    openid_server.reset()
    key = SecretStr(APPLE_KEY.as_pem(private=True).decode())
    settings(apple_client_id="apple-app", apple_team_id="TEAM", apple_key_id="KEY1", apple_private_key=key)
    settings(apple_issuer=openid_server.issuer)
    return openid_server


@pytest.fixture
def facebook(facebook_server: tuple[FacebookEmulator, str], settings: Callable[..., None]) -> FacebookEmulator:
    """Facebook is configured, and is an emulator."""
    emulator, url = facebook_server
    emulator.reset()
    secret = SecretStr(facebook_emulator.CLIENT_SECRET)
    settings(facebook_client_id=facebook_emulator.CLIENT_ID, facebook_client_secret=secret)
    settings(facebook_authorize_url=f"{url}/dialog/oauth", facebook_api_base=f"{url}/")
    return emulator


def leave(client: TestClient, provider: str, **query: str) -> str:
    """Press the provider's button; gives where the browser is sent."""
    answer = client.get(f"/api/auth/oauth/{provider}", params=query, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def come_back(client: TestClient, provider: str, answer: dict[str, str]) -> str:
    """Come back from the provider with its answer; gives the page on which that ends."""
    callback = f"/api/auth/oauth/{provider}/callback?{urlencode(answer)}"
    response = client.get(callback, follow_redirects=False)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def sign_in_with_google(client: TestClient, google: OpenIdEmulator, **claims: Any) -> str:
    """All of it, as a person of whom Google says this; gives the page on which it ends."""
    location = leave(client, "google", next="/tools/background-remove")
    return come_back(client, "google", google.approve(location, **GINA | claims))


def sign_in_with_facebook(client: TestClient) -> str:
    """All of it, as the person in front of the emulator; gives the page on which it ends."""
    return come_back(client, "facebook", consent_at_facebook(leave(client, "facebook", next="/tools")))


def consent_at_facebook(location: str, answer: str = "Continue as Faye") -> dict[str, str]:
    """What Facebook sends back once the person has pressed one of its links."""
    page = httpx.get(location).text
    found = re.search(f'href="([^"]+)">{answer}', page)
    assert found
    return dict(parse_qsl(urlsplit(html.unescape(found[1])).query))


def user_of(client: TestClient) -> dict[str, Any] | None:
    """Who is signed in."""
    return client.get("/api/auth/session").json()["user"]
