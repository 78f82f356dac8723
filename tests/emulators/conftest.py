"""A shop that sells through the emulated Stripe."""

from collections.abc import Iterator

import pytest
from stripe import StripeClient

from tests.emulators.purchases import client_of
from tests.emulators.stripe import StripeEmulator, running_stripe


@pytest.fixture(scope="module")
def running() -> Iterator[StripeEmulator]:
    with running_stripe() as emulator:
        yield emulator


@pytest.fixture
def account(running: StripeEmulator) -> StripeEmulator:
    running.reset()
    return running


@pytest.fixture
def client(account: StripeEmulator) -> StripeClient:
    return client_of(account)
