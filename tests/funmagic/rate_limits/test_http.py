"""What a client of the API meets: how much is left, and 429 when nothing is."""

import time
from collections import Counter

import pytest
from fastapi.testclient import TestClient

from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.sessions.viewer import Viewer
from tests.factories import PASSWORD, run_together, sign_in, submit, upload_photo
from tests.funmagic.rate_limits.limits import from_address, set_limits

SIGN_IN = "/api/auth/sign-in"
SESSION = "/api/auth/session"
WRONG = "a wrong password"

pytestmark = pytest.mark.usefixtures("real_limits")


def try_to_sign_in(client: TestClient, email: str = "alice@example.com", password: str = WRONG, **headers: str):
    return client.post(SIGN_IN, json={"email": email, "password": password}, headers=headers)


def test_of_50_sign_ins_at_once_exactly_ten_are_looked_at(client: TestClient) -> None:
    names = iter(range(50))
    answers = run_together(50, lambda: try_to_sign_in(client, f"{next(names)}@example.com"))
    assert Counter(answer.status_code for answer in answers) == {401: 10, 429: 40}


def test_a_refusal_says_when_to_come_back(client: TestClient) -> None:
    set_limits(authAction=1)
    try_to_sign_in(client)
    answer = try_to_sign_in(client)
    error = answer.json()["error"]
    wait = error["details"]["retryAfter"]
    assert (answer.status_code, error["code"]) == (429, "RATE_LIMITED")
    assert error["message"] == "Too many requests. Please wait."
    assert 0 < wait <= 60
    assert answer.headers["Retry-After"] == str(wait)
    assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("1", "0")
    assert 0 <= int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 61


def test_every_answer_says_what_is_left_of_the_nearest_limit(client: TestClient, alice: Viewer) -> None:
    left = [client.get("/api/tools").headers["X-RateLimit-Remaining"] for _ in range(2)]
    assert left == ["599", "598"]
    sign_in(client, alice)
    answer = client.get("/api/credits/balance")
    assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("300", "299")


@pytest.mark.parametrize(
    ("category", "limit", "path"),
    [("globalApi", 2, "/api/tools"), ("authSession", 2, SESSION), ("globalApi", 2, "/api/nothing-here")],
)
def test_an_address_may_ask_so_often(client: TestClient, category: str, limit: int, path: str) -> None:
    set_limits(**{category: limit})
    assert [client.get(path).status_code == 429 for _ in range(3)] == [False, False, True]


def test_uploads_are_counted_by_address(alice_client: TestClient) -> None:
    set_limits(upload=1)
    body = {"filename": "photo.jpg", "contentType": "image/jpeg", "size": 1000}
    assert [alice_client.post("/api/upload", json=body).status_code for _ in range(2)] == [201, 429]
    assert alice_client.get("/api/tasks").status_code == 200


def test_a_user_is_counted_wherever_they_are(client: TestClient, alice: Viewer, bob: Viewer) -> None:
    set_limits(userApi=2)
    places = [from_address("203.0.113.1"), from_address("203.0.113.2")]
    for place in places:
        assert sign_in(place, alice).get("/api/tasks").status_code == 200
    assert [place.get("/api/tasks").status_code for place in places] == [429, 429]
    assert sign_in(places[0], bob).get("/api/tasks").status_code == 200


def test_runs_are_counted_by_user_whichever_way_they_are_started(alice_client: TestClient, alice: Viewer) -> None:
    set_limits(taskCreation=1)
    submit(alice)
    body = {"toolSlug": "background-remove", "input": {"assetId": upload_photo(alice)}}
    answer = alice_client.post("/api/tasks", json=body)
    assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (429, "1")


def test_a_run_is_counted_once_as_a_request_and_once_as_a_run(alice_client: TestClient, alice: Viewer) -> None:
    set_limits(taskCreation=4)
    body = {"toolSlug": "background-remove", "input": {"assetId": upload_photo(alice)}}
    answers = [alice_client.post("/api/tasks", json=body) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [201] * 4 + [429]
    counted = {category: get_redis().get(f"rl:{category}:{alice.id}") for category in ("userApi", "taskCreation")}
    assert counted == {"userApi": b"5", "taskCreation": b"5"}


def test_asking_for_a_run_again_leads_to_it_even_beyond_the_limit(alice_client: TestClient, alice: Viewer) -> None:
    set_limits(taskCreation=1)
    body = {"toolSlug": "background-remove", "input": {"assetId": upload_photo(alice)}}
    answers = [alice_client.post("/api/tasks", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]


def test_verifying_and_signing_out_are_free(client: TestClient) -> None:
    set_limits(authAction=1, authSession=1)
    for path in ("/api/auth/sign-out", "/api/auth/verify-email", "/api/auth/magic-link/verify"):
        assert 429 not in [client.post(path, json={"token": "x"}).status_code for _ in range(3)], path


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/readyz", "/api/docs/files/swagger-ui.css", "/", "/storage/x"]
)
def test_what_is_no_api_is_not_limited(client: TestClient, path: str) -> None:
    set_limits(globalApi=1)
    answers = [client.get(path) for _ in range(3)]
    assert 429 not in [answer.status_code for answer in answers]
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_a_header_that_anybody_can_send_changes_nothing(client: TestClient) -> None:
    set_limits(authAction=2)
    spoofed = [
        try_to_sign_in(client, **{"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"198.51.100.{n}"})
        for n in range(3)
    ]
    assert [answer.status_code for answer in spoofed] == [401, 401, 429]


def test_behind_a_proxy_it_is_the_proxys_word_that_counts(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "trusted_proxy_hops", 1)
    set_limits(authAction=2)
    spoofed = [try_to_sign_in(client, **{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.1"}) for n in range(3)]
    assert [answer.status_code for answer in spoofed] == [401, 401, 429]
    assert try_to_sign_in(client, **{"X-Forwarded-For": "203.0.113.1, 203.0.113.2"}).status_code == 401


def test_who_guesses_at_an_account_locks_out_nobody_else(alice: Viewer) -> None:
    attacker, owner = from_address("203.0.113.1"), from_address("203.0.113.2")
    assert [try_to_sign_in(attacker).status_code for _ in range(6)] == [401] * 5 + [429]
    # In other letters it is the same email.
    assert try_to_sign_in(attacker, " ALICE@example.com ").status_code == 429
    assert try_to_sign_in(attacker, "bob@example.com").status_code == 401
    assert try_to_sign_in(owner, password=PASSWORD).status_code == 200


def test_an_ipv6_client_is_its_network(alice: Viewer) -> None:
    set_limits(authAction=2)
    neighbours = [from_address(f"2001:db8:1:2::{n}") for n in (1, 2, 3)]
    assert [try_to_sign_in(one).status_code for one in neighbours] == [401, 401, 429]
    assert try_to_sign_in(from_address("2001:db8:1:3::1")).status_code == 401


def test_no_email_is_kept_readable(client: TestClient) -> None:
    try_to_sign_in(client)
    keys = [key.decode() for key in get_redis().scan_iter("rl:*")]
    assert sorted(key.split(":")[1] for key in keys) == ["authAction", "authEmail", "globalApi"]
    assert not [key for key in keys if "alice" in key]


def test_counting_ends_with_the_window(client: TestClient) -> None:
    try_to_sign_in(client)
    assert all(0 < get_redis().ttl(key) <= 60 for key in get_redis().scan_iter("rl:*"))


def guess_the_current(client: TestClient, current: str = WRONG) -> int:
    body = {"current": current, "new": "purple monkey dishwasher"}
    return client.put("/api/profile/password", json=body).status_code


def test_who_found_a_browser_signed_in_guesses_five_times_at_the_current_password(alice_client: TestClient) -> None:
    assert [guess_the_current(alice_client) for _ in range(7)] == [400] * 5 + [429] * 2
    assert guess_the_current(alice_client, PASSWORD) == 429
    assert try_to_sign_in(alice_client, password=PASSWORD).status_code == 429


def test_guesses_where_an_email_changes_are_limited_just_so(alice_client: TestClient) -> None:
    body = {"email": "alice@elsewhere.example", "password": WRONG}
    answers = [alice_client.post("/api/profile/email", json=body).status_code for _ in range(7)]
    assert answers == [400] * 5 + [429] * 2
    assert guess_the_current(alice_client, PASSWORD) == 429


def test_guesses_at_the_current_password_count_with_all_others_from_an_address(alice_client: TestClient) -> None:
    set_limits(authAction=3)
    try_to_sign_in(alice_client, "bob@example.com")
    assert [guess_the_current(alice_client) for _ in range(3)] == [400, 400, 429]
