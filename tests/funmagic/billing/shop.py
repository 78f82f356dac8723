"""What tests of the shop do again and again: buy, deliver events, and look at what became of it."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import col, select

from funmagic import paths
from funmagic.billing.checkout import start_checkout
from funmagic.core.db import reading, transaction
from funmagic.credits import ledger
from funmagic.models.billing import CreditPackage, Payment, StripeEvent
from funmagic.models.credits import CreditTransaction
from funmagic.sessions.viewer import Viewer
from tests.emulators.stripe import StripeEmulator
from tests.emulators.stripe_webhooks import Post
from tests.funmagic.credits.balances import Balances
from tests.funmagic.credits.runs import confirm, reserve

# A Creator's price in cents, and its credits: 300 that are bought and a bonus of 30.
PRICE = 2499
CREATOR = 330
# How many of them stand for a part of the price, and how many are left then.
OF_1000_CENTS = 132
REST_OF_1000 = 198
OF_1499_CENTS = 197
REST_OF_1499 = 133
# The account of who bought a Creator: before, after, while it is disputed, and with 1000 cents of it refunded.
WELCOMED = Balances(balance=100)
WITH_CREATOR = Balances(balance=430, bought=300)
FROZEN = Balances(balance=430, reserved=CREATOR, bought=300)
REFUNDED_1000 = Balances(balance=298, bought=180)
EMPTY = Balances(balance=0)


@dataclass
class Shop:
    """The shop, its Stripe, and a client that asks the shop."""

    stripe: StripeEmulator
    client: TestClient

    @staticmethod
    def webhook(client: TestClient) -> Post:
        """Where Stripe delivers events to: the webhook of the API that the client asks."""

        def post(body: bytes, headers: dict[str, str]) -> int:
            return client.post(paths.API_STRIPE_WEBHOOK, content=body, headers=headers).status_code

        return post

    def open(self, viewer: Viewer, package: str = "Creator", **options: Any) -> Payment:
        """A checkout that the viewer has just begun."""
        begun = start_checkout(viewer, package_id(package), **options)
        return load(begun.payment_id)

    def buy(self, viewer: Viewer, package: str = "Creator") -> Payment:
        """A payment that was paid, and that we have heard of."""
        payment = self.open(viewer, package)
        self.stripe.pay(payment.stripe_session_id)
        self.deliver()
        return load(payment.id)

    def deliver(self) -> None:
        """Have all that Stripe holds delivered, in its order, and taken."""
        statuses = self.stripe.webhooks.deliver_all()
        assert set(statuses) <= {200}, statuses

    def deliver_only(self, *kinds: str) -> None:
        """Have events of these types delivered, and the others lost."""
        held = self.stripe.webhooks.held
        for event_id in [id_ for id_, event in held.items() if event["type"] not in kinds]:
            del held[event_id]
        self.deliver()

    def held(self, kind: str) -> str:
        """The id of the newest event of a type that Stripe holds."""
        return [id_ for id_, event in self.stripe.webhooks.held.items() if event["type"] == kind][-1]

    def advance(self, seconds: int = 10) -> None:
        """Have everything at Stripe so far be so much longer ago: its times are whole seconds."""
        for thing in [*self.stripe.events, *self.stripe.objects.values()]:
            if "created" in thing:
                thing["created"] -= seconds


def package_id(name: str) -> str:
    """The id of a package that is for sale."""
    with reading() as session:
        return session.exec(select(CreditPackage.id).where(CreditPackage.name == name)).one()


def load(payment_id: str) -> Payment:
    """The payment's row as it is now."""
    with reading() as session:
        return session.get_one(Payment, payment_id)


def change_payment(payment_id: str, **columns: Any) -> None:
    """Change a payment's row behind the shop's back."""
    with transaction() as session:
        session.execute(sa.update(Payment).where(col(Payment.id) == payment_id).values(**columns))


def lines_of(viewer: Viewer) -> list[tuple[str, int, int]]:
    """Type, amount and hold of each of the viewer's lines, but for the welcome, the oldest first."""
    with reading() as session:
        query = select(CreditTransaction).where(CreditTransaction.user_id == viewer.id)
        rows = session.exec(query.order_by(CreditTransaction.id)).all()
        return [(row.type, row.amount, row.reserved_delta) for row in rows if row.type != "welcome"]


def events() -> list[StripeEvent]:
    """Every event that was written down."""
    with reading() as session:
        return list(session.exec(select(StripeEvent).order_by(StripeEvent.received_at)).all())


def spend(viewer: Viewer, amount: int) -> None:
    """Have the viewer use credits up."""
    confirm(reserve(viewer, amount))


def take_all(viewer: Viewer) -> None:
    """Have the viewer own nothing."""
    with transaction() as session:
        left = ledger.lock_available(session, viewer.id)
        ledger.adjust(session, viewer.id, -left, key=f"nothing-{viewer.id}", description="")
