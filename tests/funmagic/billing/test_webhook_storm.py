"""Hundreds of events, each up to five times in any order, by eight clients, while we fail at random: all count once."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select

from funmagic import paths
from funmagic.core.db import get_engine, reading
from funmagic.mail.service import MailKind
from funmagic.models.billing import StripeEvent
from funmagic.models.mails import OutgoingMail
from tests.emulators.stripe import StripeEmulator
from tests.funmagic.billing.crowd import Crowd, gather_crowd

pytestmark = pytest.mark.both_databases

# SQLite writes one transaction at a time: what a crowd could do there, a few do as well.
EVENTS = {"sqlite": 240, "postgresql": 400}
EVENTS_OF_A_PAYMENT, BUYERS, CLIENTS, SEED = 4, 40, 8, 20
FAILURES = 0.01


@contextmanager
def failing_at_random(picks: random.Random) -> Iterator[Counter[str]]:
    """Statements and commits fail now and then, and some commits only after they were done; counts which."""
    failed: Counter[str] = Counter()

    def fail(place: str) -> None:
        if picks.random() < FAILURES:
            failed[place] += 1
            raise picks.choice([RuntimeError(place), OperationalError(place, {}, Exception("the server went away"))])

    hooks: list[tuple[Any, str, Any]] = [
        (get_engine(), "before_cursor_execute", lambda *_: fail("before a statement")),
        (get_engine(), "after_cursor_execute", lambda *_: fail("after a statement")),
        (Session, "before_commit", lambda _: fail("before the commit")),
        (Session, "after_commit", lambda _: fail("after the commit")),
    ]
    for hook in hooks:
        sa.event.listen(*hook)
    try:
        yield failed
    finally:
        for hook in hooks:
            sa.event.remove(*hook)


async def deliver_all(api: FastAPI, stripe: StripeEmulator, crowd: Crowd, picks: random.Random) -> Counter[int]:
    """Have eight clients deliver every event one to five times, each until it is taken; counts the answers."""
    turns = [event for event in crowd.events for _ in range(picks.randint(1, 5))]
    picks.shuffle(turns)
    statuses: Counter[int] = Counter()
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)

    async def run(client: httpx.AsyncClient) -> None:
        while turns:
            event = turns.pop()
            body, headers = stripe.webhooks.sign(event)
            answer = await client.post(paths.API_STRIPE_WEBHOOK, content=body, headers=headers)
            statuses[answer.status_code] += 1
            if answer.status_code != httpx.codes.OK:
                turns.insert(picks.randrange(len(turns) + 1), event)

    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3999", timeout=60) as client:
        await asyncio.gather(*(run(client) for _ in range(CLIENTS)))
    return statuses


def test_a_storm_of_events_credits_every_payment_once(api: FastAPI, stripe: StripeEmulator) -> None:
    picks = random.Random(SEED)
    stripe.webhooks.hold()
    events = EVENTS[get_engine().dialect.name]
    payments = events // EVENTS_OF_A_PAYMENT
    crowd = gather_crowd(stripe, buyers=BUYERS, payments=payments, events=events, seed=SEED)
    assert len(crowd.events) >= events
    with failing_at_random(picks) as failed:
        statuses = asyncio.run(deliver_all(api, stripe, crowd, picks))
    assert set(statuses) == {200, 500, 503}
    assert set(failed) == {"before a statement", "after a statement", "before the commit", "after the commit"}
    crowd.check()
    with reading() as session:
        receipts = select(func.count()).select_from(OutgoingMail).where(col(OutgoingMail.kind) == MailKind.RECEIPT)
        paid = sum(facts.status == "paid" for facts in crowd.payments.values())
        assert session.exec(receipts).one() == paid
        assert session.exec(select(func.count()).select_from(StripeEvent)).one() == len(crowd.events)
