"""Buying credits: a payment is recorded here, and paid at Stripe."""

import hashlib
import json
from dataclasses import dataclass

import stripe
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

from funmagic import paths
from funmagic.billing.packages import find_package, package_name
from funmagic.billing.stripe.client import asking_stripe, get_stripe
from funmagic.billing.stripe.customers import find_or_make_customer, is_customer_gone, replace_customer
from funmagic.billing.stripe.facts import PAYMENT_ID
from funmagic.core.db import transaction
from funmagic.core.errors import IdempotencyConflict
from funmagic.core.links import own_path, public_url
from funmagic.i18n.translate import n_
from funmagic.models.base import new_id
from funmagic.models.billing import CreditPackage, Payment
from funmagic.sessions.viewer import Viewer


@dataclass(frozen=True)
class Checkout:
    """Where the buyer pays, and the payment that waits for it."""

    url: str
    payment_id: str


def start_checkout(
    viewer: Viewer, package_id: str, *, return_path: str = "", idempotency_key: str | None = None
) -> Checkout:
    """Record what the viewer buys, and have Stripe ask for the money; the same key is the same checkout.

    It opens its own transactions: none is open while Stripe is asked. Raises PaymentsNotSetUp, PaymentsUnavailable,
    PackageUnavailable, and IdempotencyConflict for a key that stands for another purchase.
    """
    get_stripe()
    key = idempotency_key or new_id()
    try:
        payment, product = _find_or_open(viewer, package_id, return_path, key)
    except IntegrityError:
        # Another request was first to use the key, and their payment is there now.
        payment, product = _find_or_open(viewer, package_id, return_path, key)
    if payment.url:
        return Checkout(payment.url, payment.id)
    with asking_stripe():
        hosted = _create_checkout(viewer, payment, product)
    with transaction() as session:
        kept = session.get_one(Payment, payment.id, with_for_update=True)
        # What was handed out first stays: only that one is paid for.
        if not kept.url:
            kept.stripe_session_id = hosted.id
            kept.url = hosted.url or ""
    return Checkout(kept.url, payment.id)


def _find_or_open(viewer: Viewer, package_id: str, return_path: str, key: str) -> tuple[Payment, str | None]:
    """The payment under this key, made unless it is there, and the product at Stripe that it is for."""
    with transaction() as session:
        query = select(Payment).where(Payment.user_id == viewer.id, Payment.idempotency_key == key)
        payment = session.exec(query).first()
        if payment is None:
            package = find_package(session, package_id)
            payment = _open(viewer, package, own_path(return_path) if return_path else "", key)
            session.add(payment)
        elif payment.package_id != package_id:
            raise IdempotencyConflict
        else:
            package = session.get_one(CreditPackage, package_id)
        return payment, package.stripe_product_id


def _open(viewer: Viewer, package: CreditPackage, return_path: str, key: str) -> Payment:
    return Payment(
        user_id=viewer.id,
        package_id=package.id,
        idempotency_key=key,
        package_name=package_name(package),
        amount_cents=package.price_cents,
        currency=package.currency,
        credits=package.credits,
        bonus_credits=package.bonus_credits,
        return_path=return_path,
    )


def _create_checkout(viewer: Viewer, payment: Payment, product: str | None) -> stripe.checkout.Session:
    customer = find_or_make_customer(viewer)
    try:
        return _create_session(payment, customer, product)
    except stripe.InvalidRequestError as error:
        if not is_customer_gone(error):
            raise
        return _create_session(payment, replace_customer(viewer, customer), product)


def _create_session(payment: Payment, customer: str, product: str | None) -> stripe.checkout.Session:
    ours = {PAYMENT_ID: payment.id, "user_id": payment.user_id, "package_id": payment.package_id or ""}
    wanted: SessionCreateParams = {
        "mode": "payment",
        "customer": customer,
        "client_reference_id": payment.id,
        "metadata": ours,
        # Events of refunds and disputes tell of the payment intent, and not of the session.
        "payment_intent_data": {"metadata": ours, "description": _describe(payment)},
        "line_items": [_line_item(payment, product)],
        # So that the billing portal has an invoice of it.
        "invoice_creation": {"enabled": True, "invoice_data": {"metadata": ours}},
        "success_url": public_url(f"{paths.CHECKOUT_SUCCESS}?session_id={{CHECKOUT_SESSION_ID}}"),
        "cancel_url": public_url(payment.return_path or paths.PRICING),
    }
    # Stripe refuses a key under which something else was asked, be it for another customer or in another language.
    asked = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]
    return get_stripe().v1.checkout.sessions.create(wanted, {"idempotency_key": f"checkout-{payment.id}-{asked}"})


def _line_item(payment: Payment, product: str | None) -> SessionCreateParamsLineItem:
    price = {"currency": payment.currency, "unit_amount": payment.amount_cents}
    if product:
        return {"quantity": 1, "price_data": {**price, "product": product}}  # type: ignore[typeddict-item]
    details = {"name": f"FunMagic – {payment.package_name}", "description": _describe(payment)}
    return {"quantity": 1, "price_data": {**price, "product_data": details}}  # type: ignore[typeddict-item]


def _describe(payment: Payment) -> str:
    if payment.bonus_credits:
        plus = {"bonus": payment.bonus_credits}
        return n_("{number} credit + {bonus} bonus", "{number} credits + {bonus} bonus", payment.credits, **plus)
    return n_("{number} credit", "{number} credits", payment.credits)
