"""The connection to Stripe, for code that runs in threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import stripe
import structlog
from stripe import RequestsClient, StripeClient

from funmagic.billing.errors import PaymentsNotSetUp, PaymentsUnavailable
from funmagic.core.settings import get_settings

log = structlog.get_logger()

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 20
# Repeated under one idempotency key, so that a lost answer buys nothing twice.
RETRIES = 2


def get_stripe() -> StripeClient:
    """The client of this site's Stripe account; raises PaymentsNotSetUp where there is none."""
    settings = get_settings()
    if not settings.takes_payments:
        raise PaymentsNotSetUp
    return _client(settings.stripe_secret_key.get_secret_value(), settings.stripe_api_base)


@contextmanager
def asking_stripe() -> Iterator[None]:
    """Raise PaymentsUnavailable for whatever goes wrong at Stripe in the block, and log what it was."""
    try:
        yield
    except stripe.StripeError as error:
        log.exception(
            "stripe_failed",
            error=type(error).__name__,
            status=error.http_status,
            code=error.code,
            stripe_request_id=error.request_id,
        )
        raise PaymentsUnavailable from None


@lru_cache
def _client(key: str, address: str) -> StripeClient:
    timeout = (CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S)
    return StripeClient(
        key,
        base_addresses={"api": address},
        max_network_retries=RETRIES,
        http_client=RequestsClient(timeout=timeout),
    )
