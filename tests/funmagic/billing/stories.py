"""What happened to one payment, as Stripe told it, told again to another payment in any order."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from funmagic.billing.events import Event, receive_event
from funmagic.billing.recovery import refresh_payment
from funmagic.billing.rereading import refresh_returns
from funmagic.billing.stripe.facts import EVENT_TYPES
from funmagic.core.db import transaction
from funmagic.models.base import new_id
from funmagic.models.billing import Payment
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.emulators.stripe import StripeEmulator
from tests.funmagic.billing.shop import Shop, load
from tests.funmagic.credits.balances import balances_of

Act = Callable[[StripeEmulator, str], Any]


@dataclass
class Story:
    """The events about one payment that we act on, the oldest first, and all that Stripe has of it at the end."""

    stripe: StripeEmulator
    payment: Payment
    events: list[dict[str, Any]] = field(repr=False)
    objects: list[dict[str, Any]] = field(repr=False)

    def deliver(self, order: Iterable[int], *, reread: bool = False) -> dict[str, Any]:
        """Have a new user's payment live through these events; gives where that ends.

        With `reread` the shop asks Stripe in the end, as the clock does, since it may not have been told everything.
        """
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
                receive_event(session, Event.model_validate(self._of(payment, self.events[number])))
        if reread:
            self._reread(viewer, payment)
        return self._end(viewer, load(payment.id))

    def _reread(self, viewer: Viewer, payment: Payment) -> None:
        for thing in self.objects:
            self.stripe.add(self._of(payment, thing))
        refresh_payment(viewer, payment.stripe_session_id or "")
        if intent := load(payment.id).stripe_payment_intent_id:
            refresh_returns(intent)

    def _of(self, payment: Payment, thing: dict[str, Any]) -> dict[str, Any]:
        """The same about another payment."""
        text = json.dumps(thing).replace(f'"{self.payment.id}"', f'"{payment.id}"')
        for known in (*self.events, *self.objects):
            text = text.replace(f'"{known["id"]}"', f'"{known["id"]}{payment.idempotency_key}"')
        copy: dict[str, Any] = json.loads(text)
        return copy

    @staticmethod
    def _end(viewer: Viewer, payment: Payment) -> dict[str, Any]:
        facts = ("status", "refunded_cents", "dispute", "settled_cents")
        ledger = ("taken_credits", "shortfall_credits", "frozen_credits")
        return {
            "balances": balances_of(viewer),
            **{name: getattr(payment, name) for name in (*facts, *ledger)},
        }


def write_story(shop: Shop, acts: Iterable[Act], package: str = "Creator") -> Story:
    """Have all this happen to a payment at Stripe, ten seconds between each; nothing is delivered."""
    payment = shop.open(factories.make_user(new_id()), package)
    for act in acts:
        shop.advance()
        act(shop.stripe, payment.stripe_session_id)
    events = [event for event in shop.stripe.events if event["type"] in EVENT_TYPES]
    hosted = shop.stripe.find("checkout.session", payment.stripe_session_id)
    intent = hosted["payment_intent"]
    about = [thing for thing in shop.stripe.objects.values() if intent in (thing["id"], thing.get("payment_intent"))]
    return Story(shop.stripe, payment, events, [hosted, *about] if hosted not in about else about)


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


def refund_slowly(cents: int | None = None, status: str = "pending") -> Act:
    """So much, or the rest, is to go back, which takes its time."""
    return lambda stripe, session_id: stripe.refund(session_id, cents, status=status)


def finish_refund(stripe: StripeEmulator, _session_id: str) -> None:
    """The latest refund that takes its time is done."""
    stripe.finish_refund(_latest(stripe, "refund", "pending", "requires_action"))


def cancel_refund(stripe: StripeEmulator, _session_id: str) -> None:
    """The latest refund that waits for the buyer is called off."""
    stripe.cancel_refund(_latest(stripe, "refund", "requires_action"))


def fail_refund(stripe: StripeEmulator, _session_id: str) -> None:
    """The latest refund that was done, or takes its time, fails."""
    stripe.fail_refund(_latest(stripe, "refund", "succeeded", "pending"))


def dispute(cents: int | None = None, currency: str = "") -> Act:
    """The bank takes so much, or all of it, back."""
    return lambda stripe, session_id: stripe.dispute(session_id, cents, currency=currency)


def inquire(cents: int | None = None) -> Act:
    """The bank asks about so much, or all of it."""
    return lambda stripe, session_id: stripe.dispute(session_id, cents, inquiry=True)


def answer(stripe: StripeEmulator, _session_id: str) -> None:
    """The shop answers the bank."""
    stripe.answer_dispute(_latest(stripe, "dispute"))


def close_inquiry(stripe: StripeEmulator, _session_id: str) -> None:
    """The bank asks no more."""
    stripe.close_inquiry(_latest(stripe, "dispute"))


def escalate(stripe: StripeEmulator, _session_id: str) -> None:
    """The bank makes a dispute of what it asked."""
    stripe.escalate(_latest(stripe, "dispute"))


def win(stripe: StripeEmulator, _session_id: str) -> None:
    """The bank decides for us."""
    stripe.close_dispute(_latest(stripe, "dispute"), won=True)


def lose(stripe: StripeEmulator, _session_id: str) -> None:
    """The bank decides against us."""
    stripe.close_dispute(_latest(stripe, "dispute"), won=False)


def reinstate(cents: int | None = None) -> Act:
    """What was lost comes back after all, or a part of it."""
    return lambda stripe, _session_id: stripe.reinstate(_latest(stripe, "dispute"), cents)


def show_in(currency: str, cents: int) -> Act:
    """The buyer is shown the price in their currency."""
    return lambda stripe, session_id: stripe.show_in(session_id, currency, cents)


def convert_to(currency: str, cents: int) -> Act:
    """The same, as Stripe did it before 2025."""
    return lambda stripe, session_id: stripe.convert_to(session_id, currency, cents)


def _latest(stripe: StripeEmulator, kind: str, *statuses: str) -> str:
    return next(thing["id"] for thing in stripe.things(kind) if not statuses or thing["status"] in statuses)
