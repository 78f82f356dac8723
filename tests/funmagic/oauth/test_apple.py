import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey

from tests.emulators.openid import OpenIdEmulator
from tests.funmagic.oauth.sign_ins import APPLE_KEY, leave, user_of

CALLBACK = "/api/auth/oauth/apple/callback"
APPLES_SITE = {"Origin": "https://appleid.apple.com", "Sec-Fetch-Site": "cross-site"}
OUR_SITE = {"Origin": "http://localhost:3999", "Sec-Fetch-Site": "same-origin"}
ADA = {"sub": "a-1", "email": "ada@privaterelay.example.com", "email_verified": "true", "is_private_email": "true"}
USER = json.dumps({"name": {"firstName": "Ada", "lastName": "Apple"}, "email": "somebody-else@example.com"})


def post(client: TestClient, answer: dict[str, str]) -> Response:
    """Apple's own form, and then the one of our page, as a browser sends them."""
    cookies = dict(client.cookies)
    client.cookies.clear()  # SameSite=Lax
    page = client.post(CALLBACK, data=answer, headers=APPLES_SITE, follow_redirects=False)
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    client.cookies.update(cookies)
    fields = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', page.text))
    again = {name: unescape(value) for name, value in fields.items()}
    return client.post(CALLBACK, data=again, headers=OUR_SITE, follow_redirects=False)


def test_apple_lets_a_new_person_in_with_the_name_that_is_told_once(client: TestClient, apple: OpenIdEmulator) -> None:
    location = leave(client, "apple", next="/tools/background-remove")
    assert parse_qs(urlsplit(location).query)["response_mode"] == ["form_post"]
    answer = post(client, apple.approve(location, **ADA) | {"user": USER})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tools/background-remove")
    user = user_of(client)
    assert user
    assert (user["name"], user["email"], user["isVerified"]) == ("Ada Apple", ADA["email"], True)


def test_the_name_stays_when_apple_does_not_tell_it_again(client: TestClient, apple: OpenIdEmulator) -> None:
    post(client, apple.approve(leave(client, "apple"), **ADA) | {"user": USER})
    client.cookies.clear()
    post(client, apple.approve(leave(client, "apple"), **ADA))
    assert (user_of(client) or {})["name"] == "Ada Apple"


@pytest.mark.parametrize("user", ["", "{", "[]", "null", '{"name": null}', '{"name": {"firstName": null}}'])
def test_without_a_name_the_email_makes_one(client: TestClient, apple: OpenIdEmulator, user: str) -> None:
    post(client, apple.approve(leave(client, "apple"), **ADA) | {"user": user})
    assert (user_of(client) or {})["name"] == "ada"


@pytest.mark.parametrize("verified", ["false", "", False, None, 1])
def test_only_true_is_true(client: TestClient, apple: OpenIdEmulator, verified: object) -> None:
    post(client, apple.approve(leave(client, "apple"), **ADA | {"email_verified": verified}))
    assert (user_of(client) or {})["isVerified"] is False


def test_the_client_secret_is_a_short_lived_token_signed_with_our_key(
    client: TestClient, apple: OpenIdEmulator
) -> None:
    post(client, apple.approve(leave(client, "apple"), **ADA))
    (request,) = apple.token_requests
    token = jwt.decode(request["client_secret"], APPLE_KEY, algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "kid": "KEY1", "typ": "JWT"}
    told = {name: token.claims[name] for name in ("iss", "sub", "aud")}
    assert told == {"iss": "TEAM", "sub": "apple-app", "aud": apple.issuer}
    assert 0 < token.claims["exp"] - token.claims["iat"] <= 600
    with pytest.raises(BadSignatureError):
        jwt.decode(request["client_secret"], ECKey.generate_key("P-256"), algorithms=["ES256"])


def test_saying_no_at_apple_is_told(client: TestClient, apple: OpenIdEmulator) -> None:
    state = apple.approve(leave(client, "apple"))["state"]
    answer = post(client, {"error": "user_cancelled_authorize", "state": state})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?error=oauth_cancelled&next=%2Ftools")
    assert user_of(client) is None


def test_what_another_site_posts_is_shown_to_nobody_as_markup(client: TestClient, apple: OpenIdEmulator) -> None:
    evil = '"><script>alert(1)</script>'
    page = client.post(CALLBACK, data={"state": evil, "code": evil, "evil": evil}, headers=APPLES_SITE)
    assert page.text.count("<script>") == 1
    assert "evil" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'sha256-")
    assert page.headers["cache-control"] == "no-store"


def test_only_apples_answer_may_come_from_another_site(client: TestClient, google: OpenIdEmulator) -> None:
    for path in ("/api/auth/oauth/google/callback", "/api/auth/oauth/apple", CALLBACK + "/"):
        assert client.post(path, data={"state": "x"}, headers=APPLES_SITE).status_code == 403


def test_another_sites_form_cannot_end_a_sign_in_here(client: TestClient, apple: OpenIdEmulator) -> None:
    stranger_answer = {"code": "x", "state": "y"}
    assert post(client, stranger_answer).headers["location"] == "/login?error=oauth_expired"
