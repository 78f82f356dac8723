"""`/api/admin/settings`: limits are data, and only super admins change them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.core.db import transaction
from funmagic.core.redis import get_redis
from funmagic.models.credits import CreditAccount
from funmagic.models.users import Role
from funmagic.rate_limits.config import FEWEST, Category, RateLimits
from funmagic.rate_limits.service import KEY, get_rate_limits, load_rate_limits
from tests.factories import PASSWORD, make_user, sign_in
from tests.funmagic.rate_limits.limits import set_limits

SETTINGS = "/api/admin/settings"
DEFAULTS = {
    "limits": {
        "globalApi": 600,
        "userApi": 300,
        "taskCreation": 60,
        "upload": 60,
        "authSession": 120,
        "authAction": 10,
        "authEmail": 5,
    },
    "tiers": {
        "free": {"lifetimePurchased": 0, "multiplier": 1},
        "basic": {"lifetimePurchased": 100, "multiplier": 1.5},
        "premium": {"lifetimePurchased": 500, "multiplier": 2},
        "vip": {"lifetimePurchased": 2000, "multiplier": 3},
    },
}

pytestmark = pytest.mark.usefixtures("real_limits")


@pytest.fixture
def root_client(client: TestClient) -> TestClient:
    """A super admin's browser."""
    return sign_in(client, make_user("root", Role.SUPER_ADMIN))


def test_without_any_setting_the_contracts_numbers_hold(root_client: TestClient) -> None:
    assert root_client.get(SETTINGS).json() == DEFAULTS


def test_what_is_not_sent_stays(root_client: TestClient) -> None:
    root_client.put(SETTINGS, json={"limits": {"upload": 7}})
    answer = root_client.put(SETTINGS, json={"tiers": {"vip": {"multiplier": 4}}, "limits": {"authAction": None}})
    assert answer.status_code == 200
    assert answer.json() == root_client.get(SETTINGS).json()
    assert answer.json()["limits"] == DEFAULTS["limits"] | {"upload": 7}
    assert answer.json()["tiers"]["vip"] == {"lifetimePurchased": 2000, "multiplier": 4}


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
def test_only_super_admins_see_and_change_them(client: TestClient, role: Role) -> None:
    sign_in(client, make_user("somebody", role))
    assert client.get(SETTINGS).status_code == 403
    assert client.put(SETTINGS, json={"limits": {"upload": 7}}).status_code == 403
    client.cookies.clear()
    assert client.put(SETTINGS, json={"limits": {"upload": 7}}).status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"limits": {"upload": 0}}, 422),
        ({"limits": {"upload": 1_000_001}}, 422),
        ({"limits": {"upload": "many"}}, 422),
        ({"limits": {"unknown": 5}}, 422),
        ({"tiers": {"gold": {"multiplier": 2}}}, 422),
        ({"tiers": {"vip": {"multiplier": 0}}}, 422),
        ({"tiers": {"vip": {"multiplier": 101}}}, 422),
        ({"tiers": {"free": {"lifetimePurchased": 1}}}, 400),
        ({"tiers": {"basic": {"lifetimePurchased": 500}}}, 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    root_client: TestClient, change: dict[str, Any], status: int
) -> None:
    assert root_client.put(SETTINGS, json=change).status_code == status
    assert root_client.get(SETTINGS).json() == DEFAULTS


@pytest.mark.parametrize(
    "change",
    [
        {"limits": {"globalApi": 1}},
        {"limits": {"userApi": 4}},
        {"limits": {"authAction": 1}},
        {"limits": {"authSession": 1}},
        {"limits": {"authEmail": 1}},
        {"tiers": {"free": {"multiplier": 0.001}}},
        {"tiers": {"vip": {"multiplier": 0.01}}},
        {"limits": {"userApi": 10}, "tiers": {"basic": {"multiplier": 0.2}}},
    ],
)
def test_what_would_shut_the_super_admin_out_is_refused_and_says_so(
    root_client: TestClient, change: dict[str, Any]
) -> None:
    answer = root_client.put(SETTINGS, json=change)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "SETTING_REFUSED")
    assert "you could not sign in and change this back" in error["message"]
    assert root_client.get(SETTINGS).json() == DEFAULTS


def test_with_the_lowest_limits_a_super_admin_still_signs_in_and_lifts_them(client: TestClient) -> None:
    root = make_user("root", Role.SUPER_ADMIN)
    sign_in(client, root)
    assert client.put(SETTINGS, json={"limits": FEWEST}).status_code == 200
    get_redis().delete(*get_redis().keys("rl:*"))
    client.cookies.clear()
    for password in ("a wrong password", PASSWORD):
        signed_in = client.post("/api/auth/sign-in", json={"email": root.email, "password": password})
    assert signed_in.status_code == 200
    assert client.get(SETTINGS).status_code == 200
    assert client.put(SETTINGS, json={"limits": {"globalApi": 600}}).status_code == 200


def test_a_change_holds_from_the_next_request_on(client: TestClient) -> None:
    assert client.get("/api/tools").headers["X-RateLimit-Limit"] == "600"
    set_limits(globalApi=50)
    assert client.get("/api/tools").headers["X-RateLimit-Limit"] == "50"


def test_what_was_read_before_a_change_is_not_kept_after_it(client: TestClient) -> None:
    set_limits(globalApi=50)
    # As for a reader who asked the database before the change, and is only now about to keep it.
    get_redis().set(KEY, RateLimits().model_dump_json(by_alias=True), nx=True)
    assert client.get("/api/tools").headers["X-RateLimit-Limit"] == "50"


def test_requests_read_them_from_redis(client: TestClient) -> None:
    client.get("/api/tools")
    assert RateLimits.model_validate_json(get_redis().get(KEY)) == RateLimits()
    assert 290 < get_redis().ttl(KEY) <= 300


def test_what_another_version_kept_is_read_anew(client: TestClient) -> None:
    get_redis().set(KEY, b'{"limits": {"globalApi": -1}}')
    assert client.get("/api/tools").headers["X-RateLimit-Limit"] == "600"


@pytest.mark.parametrize(
    ("purchased", "runs"), [(0, 60), (99, 60), (100, 90), (499, 90), (500, 120), (1999, 120), (2000, 180), (10**6, 180)]
)
def test_who_bought_more_may_ask_more(purchased: int, runs: int) -> None:
    limits = RateLimits()
    assert limits.allowance(Category.TASK_CREATION, purchased) == runs
    assert limits.allowance(Category.UPLOAD, purchased) == 60


def test_the_tier_follows_the_credits_a_user_has_bought(client: TestClient) -> None:
    rich = make_user("rich")
    with transaction() as session:
        session.get_one(CreditAccount, rich.id).lifetime_purchased = 500
    answer = sign_in(client, rich).get("/api/credits/balance")
    set_limits(userApi=10)
    assert sign_in(client, rich).get("/api/credits/balance").headers["X-RateLimit-Limit"] == "20"
    assert answer.status_code == 200


def test_reading_gives_what_the_database_has(root_client: TestClient) -> None:
    root_client.put(SETTINGS, json={"limits": {"upload": 7}})
    with transaction() as session:
        assert get_rate_limits(session) == load_rate_limits()
