"""Stripe's webhook: only what Stripe signed is heard, each event once, and what we could not do is sent again."""

import json
import time
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from stripe import WebhookSignature

from funmagic import paths
from funmagic.billing import payments
from funmagic.core.telemetry.counters import hand_over, read_shared
from funmagic.models.base import new_id
from tests.emulators.stripe import SECRET
from tests.emulators.stripe_objects import event as make_event
from tests.factories import books_are_right, wait_until
from tests.funmagic.billing.shop import WELCOMED, WITH_CREATOR, Shop, events, load
from tests.funmagic.credits.balances import balances_of

NEW_SECRET = "whsec_the_next_one"


def post(client: TestClient, body: bytes, signature: str) -> Any:
    return client.post(paths.API_STRIPE_WEBHOOK, content=body, headers={"Stripe-Signature": signature})


def signed(body: str, secret: str = SECRET, age_s: int = 0) -> str:
    return WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age_s)


def counted() -> Counter[tuple[str, ...]]:
    hand_over()
    return Counter({key[1:]: number for key, number in read_shared().items() if key[0] == "funmagic_stripe_events"})


def paid_event(shop: Shop, viewer: Any) -> tuple[Any, str]:
    """A payment that was just paid, and the event that says so, not delivered."""
    payment = shop.open(viewer)
    shop.stripe.pay(payment.stripe_session_id)
    return payment, shop.held("checkout.session.completed")


def test_an_event_counts_as_it_was_sent_byte_for_byte(shop, alice):
    payment, event_id = paid_event(shop, alice)
    body = json.dumps(shop.stripe.webhooks.known[event_id], indent=7, ensure_ascii=False) + "\n\n"
    assert post(shop.client, body.encode(), signed(body)).status_code == 200
    assert load(payment.id).status == "paid"


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=1,v1=",
        "t=x,v1=00",
        "t=,v1=00",
        "v1=00",
        f"t={10**30},v1=00",
        "t=1",
        ",,,=,",
        "t=1,v0=00",
        "t=1,v1=é".encode(),
        "t=" + "9" * 5000 + ",v1=0",
    ],
)
def test_an_event_that_nobody_signed_is_refused(shop, alice, signature):
    payment, event_id = paid_event(shop, alice)
    body, _ = shop.stripe.webhooks.sign(shop.stripe.webhooks.known[event_id])
    answer = post(shop.client, body, signature)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_SIGNATURE")
    assert load(payment.id).status == "open"
    assert events() == []


def test_an_event_without_a_signature_is_refused(shop):
    assert shop.client.post(paths.API_STRIPE_WEBHOOK, content=b"{}").status_code == 400


def test_an_event_that_was_changed_on_its_way_is_refused(shop, alice):
    payment, event_id = paid_event(shop, alice)
    body, headers = shop.stripe.webhooks.sign(shop.stripe.webhooks.known[event_id])
    assert post(shop.client, body.replace(b"2499", b"9999"), headers["Stripe-Signature"]).status_code == 400
    assert load(payment.id).status == "open"


@pytest.mark.parametrize(
    ("secret", "age_s"),
    [("whsec_of_somebody_else", 0), (SECRET, 301), (SECRET, 86_400), (SECRET, -330), (SECRET, -(10**12))],
)
def test_a_foreign_old_or_future_signature_is_refused(shop, alice, secret, age_s):
    payment, event_id = paid_event(shop, alice)
    assert shop.stripe.webhooks.deliver(event_id, secret=secret, age_s=age_s) == 400
    assert load(payment.id).status == "open"


@pytest.mark.parametrize("age_s", [240, -240])
def test_an_event_that_took_four_minutes_or_whose_clock_is_ahead_counts(shop, alice, age_s):
    payment, event_id = paid_event(shop, alice)
    assert shop.stripe.webhooks.deliver(event_id, age_s=age_s) == 200
    assert load(payment.id).status == "paid"


@pytest.mark.parametrize("secret", [SECRET, NEW_SECRET])
def test_while_a_secret_is_replaced_both_count(shop, alice, set_up, secret):
    set_up(stripe_webhook_secrets=f" {NEW_SECRET} , {SECRET},")
    payment, event_id = paid_event(shop, alice)
    assert shop.stripe.webhooks.deliver(event_id, secret=secret) == 200
    assert load(payment.id).status == "paid"


def test_one_of_two_signatures_in_an_event_is_enough(shop):
    body = json.dumps(make_event("balance.available", {"object": "balance"}, {}))
    old, new = (signed(body, secret) for secret in ("whsec_old", SECRET))
    both = f"{old},{new.partition(',')[2]}"
    assert post(shop.client, body.encode(), both).status_code == 200


def test_without_secrets_nothing_is_believed_and_all_is_sent_again(shop, alice, set_up):
    set_up(stripe_webhook_secrets=" , ")
    payment, event_id = paid_event(shop, alice)
    assert shop.stripe.webhooks.deliver(event_id, secret=" ") == 503
    assert load(payment.id).status == "open"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[]", b"null", b"{}", b'{"id": "evt_1"}', b'{"id":1,"type":2,"created":"x","data":[]}']
)
def test_garbage_is_refused_whoever_signed_it(shop, body):
    signature = signed(body.decode(errors="ignore"))
    assert post(shop.client, body, signature).status_code == 400
    assert events() == []


def test_a_type_that_we_do_not_act_on_is_written_down_and_nothing_else(shop, alice):
    shop.open(alice)
    for event_id in list(shop.stripe.webhooks.held):
        assert shop.stripe.webhooks.deliver(event_id) == 200
    assert {event.type for event in events()} == {"customer.created"}
    assert [(event.payment_id, event.facts) for event in events()] == [(None, {})]


def test_what_is_kept_of_an_event_is_nothing_of_the_buyer(shop, alice):
    shop.buy(alice)
    kept = json.dumps([event.facts for event in events()])
    assert "example.com" not in kept
    assert "Alice" not in kept


def test_the_webhook_is_not_rate_limited(shop, real_limits, alice):
    body = json.dumps(make_event("balance.available", {"object": "balance"}, {}))
    answers = [post(shop.client, body.encode(), signed(body)) for _ in range(700)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[-1].headers
    assert len(events()) == 1


def test_an_event_that_comes_twice_counts_once(shop, alice):
    _, event_id = paid_event(shop, alice)
    assert [shop.stripe.webhooks.deliver(event_id) for _ in range(3)] == [200] * 3
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_what_our_code_could_not_do_is_sent_again(shop, alice, monkeypatch):
    payment, event_id = paid_event(shop, alice)
    with monkeypatch.context() as broken:
        broken.setattr(payments, "mail_receipt", lambda *_: 1 // 0)
        assert shop.stripe.webhooks.deliver(event_id) == 500
    assert (load(payment.id).status, balances_of(alice), events()) == ("open", WELCOMED, [])
    assert shop.stripe.webhooks.deliver(event_id) == 200
    assert (load(payment.id).status, balances_of(alice)) == ("paid", WITH_CREATOR)


def test_what_came_while_the_database_was_away_is_sent_again(shop, alice, monkeypatch):
    payment, event_id = paid_event(shop, alice)

    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    with monkeypatch.context() as broken:
        broken.setattr(payments, "settle_payment", away)
        assert shop.stripe.webhooks.deliver(event_id) == 503
    assert shop.stripe.webhooks.deliver(event_id) == 200
    assert (load(payment.id).status, balances_of(alice)) == ("paid", WITH_CREATOR)


def test_stripe_itself_tries_again_until_we_take_it(shop, alice, monkeypatch):
    shop.stripe.webhooks.release()
    fails = iter([True, True, False])
    act = payments.settle_payment
    monkeypatch.setattr(payments, "settle_payment", lambda *args: 1 // 0 if next(fails, False) else act(*args))
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    wait_until(lambda: load(payment.id).status == "paid")
    shop.stripe.webhooks.wait()
    assert balances_of(alice) == WITH_CREATOR


def test_what_other_products_sell_on_the_same_account_is_left_alone(shop, alice):
    for reference in (None, new_id(), "order-17", "x" * 200):
        params = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": "1",
                    "price_data": {"currency": "eur", "unit_amount": "500", "product_data": {"name": "Hat"}},
                }
            ],
            "success_url": "https://hats.example/",
            "metadata": {"payment_id": "17", "email": "somebody@example.com"},
            **({"client_reference_id": reference} if reference else {}),
        }
        hosted = shop.stripe.api.resources.answer("POST", "/v1/checkout/sessions", params)
        shop.stripe.pay(hosted["id"])
        shop.stripe.dispute(hosted["id"])
        hosted = shop.stripe.api.resources.answer("POST", "/v1/checkout/sessions", params)
        shop.stripe.pay(hosted["id"])
        refund = shop.stripe.refund(hosted["id"])
        shop.stripe.fail_refund(refund["id"])
        hosted = shop.stripe.api.resources.answer("POST", "/v1/checkout/sessions", params)
        shop.stripe.expire(hosted["id"])
    shop.deliver()
    assert {event.payment_id for event in events()} == {None}
    assert "somebody@example.com" not in json.dumps([event.facts for event in events()])
    assert balances_of(alice) == WELCOMED
    assert books_are_right()


def test_an_object_that_contradicts_what_we_know_is_left_alone(shop, alice, bob):
    mine, other = shop.buy(alice), shop.buy(bob)
    charge = {"id": "ch_1", "object": "charge", "amount_refunded": 2499, "currency": "usd"}
    for facts in (
        {**charge, "payment_intent": "pi_of_another", "metadata": {"payment_id": mine.id}},
        {**charge, "payment_intent": other.stripe_payment_intent_id, "metadata": {"payment_id": mine.id}},
    ):
        body = json.dumps(make_event("charge.refunded", facts, {}))
        assert post(shop.client, body.encode(), signed(body)).status_code == 200
    assert [load(payment.id).refunded_cents for payment in (mine, other)] == [0, 0]


def test_events_are_counted_by_type_and_outcome(shop, alice):
    before = counted()
    _, event_id = paid_event(shop, alice)
    for secret in ("", "", "whsec_of_somebody_else"):
        shop.stripe.webhooks.deliver(event_id, secret=secret)
    shop.deliver()
    new = counted() - before
    assert new[("checkout.session.completed", "acted_on")] == 1
    assert new[("checkout.session.completed", "repeated")] == 1
    assert new[("other", "refused")] == 1
    assert new[("other", "unused")] > 1
