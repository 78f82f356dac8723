import pytest
from fastapi.testclient import TestClient

from funmagic.core.settings import get_settings

OUR_NAMES = ["http://localhost:3999", "http://127.0.0.1:3999"]
OTHERS = [
    "https://evil.example",
    "http://localhost",
    "http://localhost:4000",
    "https://localhost:3999",
    "http://localhost:3999.evil.example",
    "http://127.0.0.1:39990",
    "null",
    "",
]
UNSAFE = [("POST", "/api/auth/sign-out"), ("PUT", "/api/x"), ("PATCH", "/api/x"), ("DELETE", "/api/tasks/1")]


@pytest.mark.parametrize("origin", OTHERS)
def test_another_site_cannot_act(alice_client: TestClient, origin: str) -> None:
    for method, path in UNSAFE:
        answer = alice_client.request(method, path, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FOREIGN_ORIGIN")
    assert alice_client.get("/api/auth/session").json()["user"] is not None


@pytest.mark.parametrize("origin", OUR_NAMES)
def test_our_own_pages_can_act_under_both_loopback_names(alice_client: TestClient, origin: str) -> None:
    assert alice_client.post("/api/auth/sign-out", headers={"Origin": origin}).status_code == 204


def test_in_production_only_the_public_address_can_act(
    alice_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "env", "production")
    monkeypatch.setattr(get_settings(), "public_url", "https://magic.example")
    ours, local = ({"Origin": origin} for origin in ("https://magic.example", OUR_NAMES[0]))
    assert alice_client.post("/api/auth/sign-out", headers=local).status_code == 403
    assert alice_client.post("/api/auth/sign-out", headers=ours).status_code == 204


@pytest.mark.parametrize("site", [None, "same-origin", "same-site", "none"])
def test_a_client_that_is_no_browser_needs_no_origin(alice_client: TestClient, site: str | None) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    assert alice_client.post("/api/auth/sign-out", headers=headers).status_code == 204


def test_a_cross_site_request_without_an_origin_is_refused(alice_client: TestClient) -> None:
    answer = alice_client.post("/api/auth/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FOREIGN_ORIGIN")


def test_reading_is_open_to_links_from_other_sites(client: TestClient) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = client.get("/api/tools", headers=headers)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
