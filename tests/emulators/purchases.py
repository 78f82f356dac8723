"""Buying a package at the Stripe emulator."""

import stripe
from stripe import StripeClient

from tests.emulators.stripe import KEY, StripeEmulator

PACK = {
    "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Starter <1>"}},
    "quantity": 1,
}
SESSION = {
    "mode": "payment",
    "line_items": [PACK],
    "success_url": "http://shop.test/done?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": "http://shop.test/pricing?a=1&b=2",
    "client_reference_id": "payment-1",
    "metadata": {"1": "one", "payment": "p1"},
    "payment_intent_data": {"metadata": {"payment": "p1"}},
}


def client_of(account: StripeEmulator, key: str = KEY, retries: int = 0, timeout: float = 30) -> StripeClient:
    http = stripe.RequestsClient(timeout=timeout)
    return StripeClient(key, base_addresses={"api": account.url}, max_network_retries=retries, http_client=http)


def buy(client: StripeClient, options: dict | None = None, **changes) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.create({**SESSION, **changes}, options or {})
