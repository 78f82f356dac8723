"""What happened to one payment, as Stripe told it, told again to another payment in any order."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from funmagic.billing.events import HANDLERS, Event, receive_event
from funmagic.db import transaction
from funmagic.models.base import new_id
from funmagic.models.billing import Payment
from tests import factories
from tests.emulators.stripe import StripeEmulator
from tests.funmagic.billing.shop import Shop, account_of, load

Act = Callable[[StripeEmulator, str], Any]


@dataclass
class Story:
    """The events about one payment that we act on, the oldest first."""

    payment: Payment
    events: list[dict[str, Any]]

    def tell(self, order: Iterable[int]) -> dict[str, Any]:
        """Have a new user's payment live through these events; gives where that ends."""
        name = new_id()
        viewer = factories.make_user(name)
        ours = self.payment
        copy = {"user_id": viewer.id, "package_id": ours.package_id, "package_name": ours.package_name}
        money = {"amount_cents": ours.amount_cents, "currency": ours.currency}
        got = {"credits": ours.credits, "bonus_credits": ours.bonus_credits}
        payment = Payment(
            **copy, **money, **got, idempotency_key=name, stripe_session_id=f"{ours.stripe_session_id}{name}"
        )
        with transaction() as session:
            session.add(payment)
        for number in order:
            with transaction() as session:
                receive_event(session, self._event(number, payment))
        return self._end(viewer, load(payment.id))

    def _event(self, number: int, payment: Payment) -> Event:
        text = json.dumps(self.events[number])
        suffix = payment.idempotency_key
        told = {self.payment.id: payment.id, self.payment.stripe_session_id: payment.stripe_session_id}
        for event in self.events:
            intent = event["data"]["object"].get("payment_intent")
            told[event["id"]] = f"{event['id']}{suffix}"
            if intent:
                told[intent] = f"{intent}{suffix}"
        for old, new in told.items():
            text = text.replace(f'"{old}"', f'"{new}"')
        return Event.model_validate_json(text)

    @staticmethod
    def _end(viewer: Any, payment: Payment) -> dict[str, Any]:
        facts = ("status", "refunded_cents", "dispute", "settled_cents")
        ledger = ("taken_credits", "shortfall_credits", "frozen_credits")
        return {
            "account": account_of(viewer),
            **{name: getattr(payment, name) for name in (*facts, *ledger)},
        }


def write_story(shop: Shop, acts: Iterable[Act], package: str = "Creator") -> Story:
    """Have all this happen to a payment at Stripe, ten seconds between each; nothing is delivered."""
    payment = shop.open(factories.make_user(new_id()), package)
    for act in acts:
        shop.advance()
        act(shop.stripe, payment.stripe_session_id)
    events = [event for event in shop.stripe.events if event["type"] in HANDLERS]
    return Story(payment, events)


def pay(stripe: StripeEmulator, session_id: str) -> None:
    """By card."""
    stripe.pay(session_id)


def pay_later(stripe: StripeEmulator, session_id: str) -> None:
    """By bank transfer."""
    stripe.pay_later(session_id)


def arrive(stripe: StripeEmulator, session_id: str) -> None:
    """The transfer is there."""
    stripe.settle(session_id)


def bounce(stripe: StripeEmulator, session_id: str) -> None:
    """The transfer failed."""
    stripe.settle(session_id, succeeded=False)


def expire(stripe: StripeEmulator, session_id: str) -> None:
    """Nobody paid."""
    stripe.expire(session_id)


def refund(cents: int | None = None) -> Act:
    """So much, or the rest, goes back."""
    return lambda stripe, session_id: stripe.refund(session_id, cents)


def fail_refund(stripe: StripeEmulator, _session_id: str) -> None:
    """The latest refund that has not failed fails."""
    stripe.fail_refund(stripe.things("refund", status="succeeded")[0]["id"])


def dispute(cents: int | None = None) -> Act:
    """The bank takes so much, or all of it, back."""
    return lambda stripe, session_id: stripe.dispute(session_id, cents)


def win(stripe: StripeEmulator, _session_id: str) -> None:
    """The bank decides for us."""
    stripe.close_dispute(stripe.things("dispute")[0]["id"], won=True)


def lose(stripe: StripeEmulator, _session_id: str) -> None:
    """The bank decides against us."""
    stripe.close_dispute(stripe.things("dispute")[0]["id"], won=False)
