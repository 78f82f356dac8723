"""Signing in through a provider, step by step."""

import html
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey

from tests.emulators.openid import OpenIdEmulator

GINA = {"sub": "g-1", "email": "gina@example.com", "email_verified": True, "name": "Gina Gold"}
APPLE_KEY = ECKey.generate_key("P-256")


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
