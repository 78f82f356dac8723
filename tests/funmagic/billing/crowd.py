"""Many payments at once, each with a story of its own, and what their events must come to."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import select

from funmagic.billing.stripe.facts import EVENT_TYPES
from funmagic.core.db import reading, transaction
from funmagic.models.base import new_id
from funmagic.models.billing import CreditPackage, Payment
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.emulators.stripe import StripeEmulator
from tests.funmagic.billing.stories import (
    Act,
    answer,
    arrive,
    bounce,
    cancel_refund,
    close_inquiry,
    dispute,
    escalate,
    expire,
    fail_refund,
    finish_refund,
    inquire,
    lose,
    pay,
    pay_later,
    refund,
    refund_slowly,
    reinstate,
    win,
)

START = 1_790_000_000
PLOTS: list[list[Act]] = [
    [pay],
    [expire],
    [pay_later, bounce],
    [pay_later, arrive],
    [pay, refund(700), refund(1000)],
    [pay, refund()],
    [pay_later, arrive, refund(333), refund(333), refund()],
    [pay, refund(800), fail_refund, refund(100), refund(1)],
    [pay_later, arrive, refund(500), refund(250), fail_refund],
    [pay, dispute(), win, refund(600)],
    [pay, dispute(), lose],
    [pay, refund(999), dispute(1500), lose],
    [pay_later, arrive, refund(100), dispute(900), win, refund()],
    [pay, refund(123), dispute(500)],
    [pay, refund_slowly(400), finish_refund, refund_slowly(300, "requires_action"), cancel_refund],
    [pay_later, arrive, refund_slowly(400), fail_refund, inquire(), close_inquiry],
    [pay, inquire(500), answer, escalate, win, dispute(800), lose],
    [pay, dispute(700), lose, reinstate(), dispute(200)],
]
OPEN = ("needs_response", "under_review")


@dataclass
class Facts:
    """Where a payment must end, as its events say."""

    status: str = "open"
    # By id: cents, and Stripe's latest word.
    refunds: dict[str, tuple[int, str]] = field(default_factory=dict)
    disputes: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, event: dict[str, Any]) -> None:
        """The next event, in the order in which things happened."""
        about = event["data"]["object"]
        match event["type"]:
            case "checkout.session.completed":
                self.status = "paid" if about["payment_status"] == "paid" else "pending"
            case "checkout.session.async_payment_succeeded":
                self.status = "paid"
            case "checkout.session.async_payment_failed":
                self.status = "failed"
            case "checkout.session.expired":
                self.status = "expired"
        if about["object"] == "refund":
            self.refunds[about["id"]] = about["amount"], about["status"]
        if about["object"] == "dispute":
            self.disputes[about["id"]] = about["amount"], about["status"]

    @property
    def refunded(self) -> int:
        """The cents that the buyer has back, or will have."""
        return sum(cents for cents, status in self.refunds.values() if status not in ("failed", "canceled"))

    def disputed(self, *statuses: str) -> int:
        """The cents of disputes that stand so."""
        return sum(cents for cents, status in self.disputes.values() if status in statuses)

    @property
    def dispute(self) -> str:
        """How the payment stands with the bank."""
        for word, statuses in {"open": OPEN, "lost": ("lost",), "won": ("won",)}.items():
            if self.disputed(*statuses):
                return word
        return "none"

    def credits_of(self, payment: Payment) -> dict[str, int]:
        """What the payment's credits come to: in all, taken, frozen, and counted as bought."""
        if self.status != "paid":
            return dict.fromkeys(("total", "taken", "frozen", "bought"), 0)
        total, price = payment.credits + payment.bonus_credits, payment.amount_cents
        returned = min(price, self.refunded + self.disputed("lost"))
        taken = total * returned // price
        frozen = total * min(price, returned + self.disputed(*OPEN)) // price - taken
        bought = payment.credits - payment.credits * returned // price
        return {"total": total, "taken": taken, "frozen": frozen, "bought": bought}


@dataclass
class Crowd:
    """Buyers, their payments, and all events about them that Stripe has to tell."""

    viewers: list[Viewer]
    payments: dict[str, Facts]
    events: list[dict[str, Any]]

    def check(self) -> None:
        """Fail unless every payment and every account is where the events say."""
        due: dict[str, Counter[str]] = {viewer.id: Counter() for viewer in self.viewers}
        with reading() as session:
            rows = session.exec(select(Payment)).all()
        assert len(rows) == len(self.payments)
        for row in rows:
            facts = self.payments[row.id]
            credits_ = facts.credits_of(row)
            due[row.user_id].update(credits_)
            told = (row.status, row.refunded_cents, row.dispute, row.taken_credits, row.frozen_credits)
            asked = (facts.status, facts.refunded, facts.dispute, credits_["taken"], credits_["frozen"])
            assert (*told, row.shortfall_credits) == (*asked, 0)
        for viewer in self.viewers:
            balance = factories.balance_of(viewer)
            asked = due[viewer.id]
            assert balance.balance == 100 + asked["total"] - asked["taken"]
            assert (balance.reserved, balance.lifetime_purchased) == (asked["frozen"], asked["bought"])
        assert factories.books_are_right()


def gather_crowd(
    stripe: StripeEmulator, *, buyers: int, payments: int, events: int, seed: int, plots: list[list[Act]] | None = None
) -> Crowd:
    """So many payments, with so many events among those that we act on and others."""
    picks = random.Random(seed)
    viewers = [factories.make_user(f"buyer{number}") for number in range(buyers)]
    crowd = Crowd(viewers, {}, [])
    others: list[dict[str, Any]] = []
    for number in range(payments):
        payment = _begin(stripe, viewers[number % buyers], picks)
        facts = crowd.payments[payment.id] = Facts()
        for event in _live(stripe, payment, picks.choice(plots or PLOTS)):
            if event["type"] in EVENT_TYPES:
                facts.add(event)
                crowd.events.append(event)
            else:
                others.append(event)
    crowd.events += others[: max(0, events - len(crowd.events))]
    return crowd


def _begin(stripe: StripeEmulator, viewer: Viewer, picks: random.Random) -> Payment:
    with transaction() as session:
        package = picks.choice(session.exec(select(CreditPackage).where(CreditPackage.bonus_credits > 0)).all())
        payment = Payment(
            user_id=viewer.id,
            package_id=package.id,
            idempotency_key=new_id(),
            package_name=package.name,
            amount_cents=package.price_cents,
            currency=package.currency,
            credits=package.credits,
            bonus_credits=package.bonus_credits,
        )
        ours = {"payment_id": payment.id}
        price = {"currency": payment.currency, "unit_amount": str(payment.amount_cents)}
        asked = {
            "mode": "payment",
            "success_url": "https://shop.example/",
            "client_reference_id": payment.id,
            "metadata": ours,
            "payment_intent_data": {"metadata": ours},
            "line_items": [{"quantity": "1", "price_data": {**price, "product_data": {"name": package.name}}}],
        }
        payment.stripe_session_id = stripe.api.resources.answer("POST", "/v1/checkout/sessions", asked)["id"]
        session.add(payment)
    return payment


def _live(stripe: StripeEmulator, payment: Payment, plot: list[Act]) -> Iterator[dict[str, Any]]:
    """The events of a plot, each act ten seconds after the one before."""
    for step, act in enumerate(plot):
        known = len(stripe.events)
        act(stripe, payment.stripe_session_id or "")
        for event in stripe.events[known:]:
            event["created"] = START + 10 * step
            yield event
