"""What Stripe's events and objects say of money, in our words, whichever version of its API wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from funmagic.models.billing import BankStatus, RefundStatus

# Ours in the metadata of a session, of its payment intent and of a refund.
PAYMENT_ID = "payment_id"
# All that is kept of what an event was about: nothing of people, and nothing of cards.
KEPT = (
    "id",
    "client_reference_id",
    "payment_intent",
    "payment_status",
    "status",
    "amount",
    "amount_total",
    "amount_refunded",
    "currency",
)
CONVERTED = {
    # What the buyer was shown, and paid: the amounts beside it are in our currency.
    "presentment_details": ("presentment_currency", "presentment_amount"),
    # Sessions of before 2025: the amounts beside it are in the buyer's currency, and this is in ours.
    "currency_conversion": ("source_currency", "amount_total"),
}
KEPT_OF_PARTS = {
    "refunds": ("id", "status", "amount", "currency"),
    "balance_transactions": ("amount",),
}


class EventType(StrEnum):
    """The types of events that change a payment; one of any other type is only written down."""

    SESSION_COMPLETED = "checkout.session.completed"
    SESSION_ASYNC_SUCCEEDED = "checkout.session.async_payment_succeeded"
    SESSION_ASYNC_FAILED = "checkout.session.async_payment_failed"
    SESSION_EXPIRED = "checkout.session.expired"
    # Whichever of these brings it, a refund's own status counts. The last is what some ways to pay send.
    REFUND_CREATED = "refund.created"
    REFUND_UPDATED = "refund.updated"
    REFUND_FAILED = "refund.failed"
    CHARGE_REFUND_UPDATED = "charge.refund.updated"
    # The sum of all refunds, for endpoints that are not sent them one by one.
    CHARGE_REFUNDED = "charge.refunded"
    DISPUTE_CREATED = "charge.dispute.created"
    DISPUTE_UPDATED = "charge.dispute.updated"
    DISPUTE_CLOSED = "charge.dispute.closed"
    DISPUTE_WITHDRAWN = "charge.dispute.funds_withdrawn"
    DISPUTE_REINSTATED = "charge.dispute.funds_reinstated"


EVENT_TYPES = frozenset(EventType)


@dataclass(frozen=True)
class RefundFact:
    """What was said of one refund."""

    id: str
    status: RefundStatus
    cents: int
    currency: str


@dataclass(frozen=True)
class DisputeFact:
    """What was said of one dispute: of its cents, so many came back to us."""

    id: str
    status: BankStatus
    cents: int
    currency: str
    reinstated_cents: int


def pick_facts(about: Mapping[str, Any]) -> dict[str, Any]:
    """What is worth keeping of an object, still in Stripe's words."""
    facts: dict[str, Any] = {name: about[name] for name in KEPT if name in about}
    for name, names in CONVERTED.items():
        if about.get(name):
            facts[name] = {part: about[name].get(part) for part in names}
    for name, kept in KEPT_OF_PARTS.items():
        if parts := _parts(about, name):
            facts[name] = [{part: one.get(part) for part in kept} for one in parts]
    if payment_id := (about.get("metadata") or {}).get(PAYMENT_ID):
        facts["metadata"] = {PAYMENT_ID: payment_id}
    return facts


def id_of(reference: Any) -> str | None:
    """The id of an object at Stripe that is named, or given whole."""
    return reference.get("id") if isinstance(reference, dict) else reference


def totals_of(about: Mapping[str, Any]) -> dict[str, int]:
    """What a session or a charge comes to as a whole, in each currency that it tells."""
    total = about.get("amount_total", about.get("amount"))
    told = [(about.get("currency"), total)]
    for name, (currency, cents) in CONVERTED.items():
        converted = about.get(name) or {}
        told.append((converted.get(currency), converted.get(cents)))
    return {currency.lower(): cents for currency, cents in told if currency and cents is not None}


def refunds_of_charge(charge: Mapping[str, Any]) -> list[RefundFact]:
    """The refunds that a charge names: none since 2022's versions of the API."""
    return [refund_of(one) for one in _parts(charge, "refunds")]


def refund_of(about: Mapping[str, Any], event: str = "") -> RefundFact:
    """What a refund says of itself, or the event about it."""
    status = RefundStatus.FAILED if event == EventType.REFUND_FAILED else about.get("status") or RefundStatus.SUCCEEDED
    if status not in list(RefundStatus):
        status = RefundStatus.PENDING
    return RefundFact(
        id=about["id"], status=RefundStatus(status), cents=about.get("amount") or 0, currency=_currency(about)
    )


def dispute_of(about: Mapping[str, Any], event: str = "") -> DisputeFact:
    """What a dispute says of itself, or the event about it."""
    cents = about.get("amount") or 0
    return DisputeFact(
        id=about["id"],
        status=_bank_status(about, event),
        cents=cents,
        currency=_currency(about),
        reinstated_cents=_reinstated(about, cents, event),
    )


def _bank_status(about: Mapping[str, Any], event: str) -> BankStatus:
    told = about.get("status")
    if told not in list(BankStatus):
        return BankStatus.WON if event == EventType.DISPUTE_CLOSED else BankStatus.NEEDS_RESPONSE
    is_inquiry = told.startswith("warning_")
    return BankStatus.NEEDS_RESPONSE if is_inquiry and event == EventType.DISPUTE_WITHDRAWN else BankStatus(told)


def _reinstated(about: Mapping[str, Any], cents: int, event: str) -> int:
    moved = [one.get("amount") or 0 for one in _parts(about, "balance_transactions")]
    gone = -sum(amount for amount in moved if amount < 0)
    back = sum(amount for amount in moved if amount > 0)
    if gone and back:
        # They are in the currency of our account at Stripe, and the dispute may be in another.
        return cents * min(back, gone) // gone
    return cents if event == EventType.DISPUTE_REINSTATED else 0


def _parts(about: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    parts = about.get(name) or []
    parts = parts if isinstance(parts, list) else parts.get("data") or []
    return [part for part in parts if isinstance(part, Mapping)]


def _currency(about: Mapping[str, Any]) -> str:
    return (about.get("currency") or "").lower()
