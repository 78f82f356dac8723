"""A shop whose Stripe is the emulator: its events come to the webhook of the API in this process."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from funmagic.core.settings import get_settings
from funmagic.models.users import Role
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.emulators.stripe import KEY, SECRET, StripeEmulator, running_stripe
from tests.funmagic.billing.shop import Shop


@pytest.fixture(scope="session")
def emulator() -> Iterator[StripeEmulator]:
    """One Stripe for all tests of this process."""
    with running_stripe() as emulator:
        yield emulator


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings for one test."""

    def change(**values: str) -> None:
        for name, value in values.items():
            is_secret = name in ("stripe_secret_key", "stripe_webhook_secrets")
            monkeypatch.setattr(get_settings(), name, SecretStr(value) if is_secret else value)

    return change


@pytest.fixture
def stripe(emulator: StripeEmulator, set_up: Callable[..., None], db: None, redis: None) -> StripeEmulator:
    """Stripe, with nothing in it yet; it holds its events until a test has them delivered."""
    emulator.reset()
    emulator.webhooks.endpoint = ""
    set_up(stripe_secret_key=KEY, stripe_webhook_secrets=SECRET, stripe_api_base=emulator.url)
    return emulator


@pytest.fixture
def shop(stripe: StripeEmulator, api: FastAPI) -> Iterator[Shop]:
    """The shop and its Stripe."""
    with TestClient(api, base_url="http://localhost:3999", raise_server_exceptions=False) as client:
        stripe.webhooks.endpoint = Shop.webhook(client)
        stripe.webhooks.hold()
        yield Shop(stripe, client)


@pytest.fixture
def admin(db: None) -> Viewer:
    """Somebody who may give money back."""
    return factories.make_user("root", Role.ADMIN)
