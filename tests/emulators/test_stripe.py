"""The emulated Stripe's objects and pages, as Stripe's own SDK and a browser meet them."""

import time

import httpx
import pytest
import stripe

from tests.emulators.purchases import PACK, buy
from tests.emulators.stripe import StripeEmulator


def kinds(account: StripeEmulator) -> list[str]:
    return [event["type"] for event in account.events]


def test_a_card_pays_for_a_session_and_every_event_tells_of_it(account, client):
    customer = client.v1.customers.create({"email": "a@shop.test", "metadata": {"user": "u1"}})
    session = buy(client, customer=customer.id)
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 900)
    assert (session.payment_intent, session.customer, session.metadata["1"]) == (None, customer.id, "one")
    account.pay(session.id)
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items", "customer"]}
    )
    assert (paid.status, paid.payment_status, paid.url, paid.customer.email) == (
        "complete",
        "paid",
        None,
        "a@shop.test",
    )
    charge = paid.payment_intent.latest_charge
    assert (charge.amount, charge.paid, charge.metadata["payment"]) == (900, True, "p1")
    assert paid.line_items.data[0].description == "Starter <1>"
    assert httpx.get(charge.receipt_url).is_success
    assert kinds(account) == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    assert client.v1.events.retrieve(account.events[-1]["id"]).data.object["payment_status"] == "paid"


@pytest.mark.parametrize(
    ("succeeded", "status", "kind"),
    [(True, "paid", "async_payment_succeeded"), (False, "unpaid", "async_payment_failed")],
)
def test_a_bank_transfer_completes_at_once_and_pays_later_or_never(account, client, succeeded, status, kind):
    session = buy(client)
    account.pay_later(session.id)
    assert account.events[-1]["type"] == "checkout.session.completed"
    account.settle(session.id, succeeded)
    assert account.events[-1]["type"] == f"checkout.session.{kind}"
    seen = [event["data"]["object"]["payment_status"] for event in account.events if "checkout" in event["type"]]
    assert seen == ["unpaid", status]
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == status


def test_a_session_expires_once_and_is_not_paid_after_that(account, client):
    session = buy(client)
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(session.id)
    assert "has expired" in httpx.get(session.url).text
    assert httpx.post(session.url, data={"action": "pay"}).status_code == 400
    assert kinds(account) == ["checkout.session.expired"]


def test_the_lines_of_a_session_say_what_was_bought(client):
    session = buy(client, line_items=[PACK, {**PACK, "quantity": 3}])
    lines = client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.quantity, line.amount_total, line.price.unit_amount) for line in lines.data] == [
        (1, 900, 900),
        (3, 2700, 900),
    ]
    assert client.v1.products.retrieve(lines.data[0].price.product).name == "Starter <1>"


AMOUNT = "line_items[0][price_data][unit_amount]"


def line(**changes):
    return [{**PACK, "price_data": {**PACK["price_data"], **changes}}]


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types", "parameter_unknown"),
        ({"success_url": None}, "success_url", "parameter_missing"),
        ({"success_url": ""}, "success_url", "parameter_invalid_empty"),
        ({"success_url": "/done"}, "success_url", "url_invalid"),
        ({"mode": None}, "mode", "parameter_missing"),
        ({"mode": "gift"}, "mode", "parameter_invalid"),
        ({"line_items": []}, "line_items", "parameter_missing"),
        (
            {"line_items": line(unit_amount="9.99")},
            "line_items[0][price_data][unit_amount]",
            "parameter_invalid_integer",
        ),
        ({"line_items": line(unit_amount=-1)}, AMOUNT, "parameter_invalid_integer"),
        ({"line_items": line(unit_amount=49)}, None, "amount_too_small"),
        ({"line_items": line(unit_amount=10**8)}, None, "amount_too_large"),
        ({"line_items": line(currency="USD")}, "line_items[0][price_data][currency]", "parameter_invalid"),
        ({"line_items": line(name="x")}, "line_items[0][price_data][name]", "parameter_unknown"),
        ({"line_items": [{**PACK, "quantity": 0}]}, "line_items[0][quantity]", "parameter_invalid_integer"),
        ({"customer": "cus_nobody"}, "customer", "resource_missing"),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"expires_at": int(time.time()) + 60}, "expires_at", None),
        ({"metadata": {"a": "x" * 501}}, "metadata[a]", "parameter_invalid"),
        ({"expand": ["nothing"]}, "expand", None),
    ],
)
def test_a_session_that_stripe_would_not_make_is_refused(account, client, changes, param, code):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        buy(client, **changes)
    assert (refused.value.http_status, refused.value.param, refused.value.code) == (400, param, code)
    assert account.requests[-1]["status"] == 400


def test_customers_change_and_a_deleted_one_buys_nothing(client):
    made = client.v1.customers.create({"email": "a@shop.test", "metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(made.id, {"name": "Alice", "metadata": {"a": "", "c": "3"}})
    assert (changed.name, changed.email, changed.metadata.to_dict()) == ("Alice", "a@shop.test", {"b": "2", "c": "3"})
    assert client.v1.customers.delete(made.id).deleted
    assert client.v1.customers.retrieve(made.id).deleted
    for attempt in (lambda: client.v1.customers.update(made.id, {"name": "B"}), lambda: buy(client, customer=made.id)):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            attempt()
        assert refused.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.retrieve("cus_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_session_makes_the_customer_when_it_always_should(account, client):
    session = buy(client, customer_creation="always", invoice_creation={"enabled": True})
    paid = account.pay(session.id, "b@shop.test")
    assert client.v1.customers.retrieve(paid["customer"]).email == "b@shop.test"
    assert client.v1.invoices.retrieve(paid["invoice"]).amount_paid == 900


def test_refunds_add_up_and_never_give_back_more_than_was_paid(account, client):
    session = buy(client)
    intent = account.pay(session.id)["payment_intent"]
    client.v1.refunds.create({"payment_intent": intent, "amount": 300}, {"idempotency_key": "one"})
    client.v1.refunds.create({"payment_intent": intent, "amount": 300}, {"idempotency_key": "one"})
    charge = account.charge_of(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"charge": charge["id"], "amount": 601})
    assert client.v1.charges.retrieve(charge["id"]).amount_refunded == 300
    rest = client.v1.refunds.create({"charge": charge["id"], "reason": "requested_by_customer"})
    assert (rest.amount, rest.payment_intent, rest.status) == (600, intent, "succeeded")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge["id"]})
    assert refused.value.code == "charge_already_refunded"
    told = [event["data"]["object"] for event in account.events if event["type"] == "charge.refunded"]
    assert [(seen["amount_refunded"], seen["refunded"]) for seen in told] == [(300, False), (900, True)]
    assert len(client.v1.refunds.list({"payment_intent": intent}).data) == 2


def test_a_refund_that_fails_later_is_money_that_was_not_given_back(account, client):
    session = buy(client)
    account.pay(session.id)
    refund = account.refund(session.id, 500)
    account.fail_refund(refund["id"])
    charge = client.v1.charges.retrieve(account.charge_of(session.id)["id"], {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded, charge.refunds.data[0].status) == (0, False, "failed")
    assert account.events[-1]["type"] == "refund.failed"
    assert account.refund(session.id)["amount"] == 900


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_is_opened_and_decided(account, client, won):
    session = buy(client)
    intent = account.pay(session.id)["payment_intent"]
    dispute = account.dispute(intent)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_disputed"
    account.close_dispute(dispute["id"], won=won)
    seen = client.v1.disputes.retrieve(dispute["id"])
    assert (seen.status, seen.amount, seen.payment_intent) == ("won" if won else "lost", 900, intent)
    told = [event["data"]["object"]["status"] for event in account.events if "charge.dispute.c" in event["type"]]
    assert told == ["needs_response", seen.status]


def test_lists_come_in_pages_and_are_filtered(account, client):
    sessions = [buy(client) for _ in range(3)]
    intent = account.pay(sessions[1].id)["payment_intent"]
    page = client.v1.checkout.sessions.list({"limit": 2, "created": {"gte": int(time.time()) - 60}})
    assert ([session.id for session in page.data], page.has_more) == ([sessions[2].id, sessions[1].id], True)
    assert [session.id for session in page.auto_paging_iter()] == [session.id for session in reversed(sessions)]
    assert [found.id for found in client.v1.checkout.sessions.list({"payment_intent": intent}).data] == [sessions[1].id]


def test_the_page_shows_what_is_bought_and_leads_back_to_the_shop(account, client):
    session = buy(client)
    page = httpx.get(session.url).text
    assert "Starter &lt;1&gt; × 1" in page
    assert "9.00 USD" in page
    assert 'href="http://shop.test/pricing?a=1&amp;b=2"' in page
    declined = httpx.post(session.url, data={"action": "decline"})
    assert "Your card was declined" in declined.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    paid = httpx.post(session.url, data={"action": "pay"})
    assert (paid.status_code, paid.headers["location"]) == (303, f"http://shop.test/done?session_id={session.id}")
    intent = client.v1.payment_intents.retrieve(account.find("checkout.session", session.id)["payment_intent"])
    assert (intent.status, intent.amount_received) == ("succeeded", 900)
    assert [charge["status"] for charge in account.things("charge")] == ["succeeded", "failed"]
    assert "all done" in httpx.get(session.url).text
    assert httpx.post(session.url, data={"action": "pay"}).status_code == 400


@pytest.mark.parametrize(("action", "status"), [("arrived", "paid"), ("failed", "unpaid")])
def test_a_bank_transfer_is_settled_on_the_page_too(account, client, action, status):
    session = buy(client)
    assert httpx.post(session.url, data={"action": "later"}).status_code == 303
    assert "Bank transfer arrives" in httpx.get(session.url).text
    assert httpx.post(session.url, data={"action": action}).is_success
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == status
    assert "Bank transfer arrives" not in httpx.get(session.url).text


def test_a_session_for_cards_only_offers_no_bank_transfer(client):
    session = buy(client, allowed_payment_method_types=["card"])
    assert "Pay by bank transfer" not in httpx.get(session.url).text


def test_the_portal_lists_what_the_customer_paid_and_returns(account, client):
    customer = client.v1.customers.create({"email": "a@shop.test"})
    account.pay(buy(client, customer=customer.id).id)
    account.refund(account.pay(buy(client, customer=customer.id).id)["id"])
    account.pay(buy(client, customer_email="b@shop.test").id)
    portal = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "return_url": "http://shop.test/profile"}
    )
    page = httpx.get(portal.url).text
    assert (page.count("9.00 USD"), page.count(">Paid<"), page.count(">Refunded<")) == (2, 1, 1)
    assert '<a href="http://shop.test/profile">Return to shop.test</a>' in page
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.billing_portal.sessions.create({"customer": "cus_nobody"})
    assert (refused.value.http_status, refused.value.code) == (400, "resource_missing")


def test_a_refund_may_take_its_time_and_be_called_off(account, client):
    session = buy(client)
    account.pay(session.id)
    slow = account.refund(session.id, 300, status="pending")
    waiting = account.refund(session.id, 200, status="requires_action")
    assert account.charge_of(session.id)["amount_refunded"] == 500
    assert account.finish_refund(slow["id"])["status"] == "succeeded"
    assert client.v1.refunds.cancel(waiting["id"]).status == "canceled"
    assert account.charge_of(session.id)["amount_refunded"] == 300
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.cancel(slow["id"])


def test_an_inquiry_becomes_a_dispute_whose_money_moves(account, client):
    session = buy(client)
    intent = account.pay(session.id)["payment_intent"]
    inquiry = account.dispute(intent, inquiry=True)
    account.answer_dispute(inquiry["id"])
    account.close_inquiry(inquiry["id"])
    account.escalate(inquiry["id"])
    account.close_dispute(inquiry["id"], won=False)
    account.reinstate(inquiry["id"])
    told = [
        (event["type"].removeprefix("charge.dispute."), event["data"]["object"]["status"])
        for event in account.events
        if event["type"].startswith("charge.dispute.")
    ]
    assert told == [
        ("created", "warning_needs_response"),
        ("updated", "warning_under_review"),
        ("closed", "warning_closed"),
        ("updated", "needs_response"),
        ("funds_withdrawn", "needs_response"),
        ("closed", "lost"),
        ("updated", "won"),
        ("funds_reinstated", "won"),
    ]
    (seen,) = client.v1.disputes.list({"payment_intent": intent}).data
    assert [moved.amount for moved in seen.balance_transactions] == [-900, 900]
    assert account.dispute(intent)["status"] == "needs_response"
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        client.v1.refunds.list({"payment_intent": "pi_of_nobody"})


def test_a_buyer_may_be_shown_or_charged_another_currency(account, client):
    shown, converted = buy(client), buy(client)
    account.show_in(shown.id, "eur", 830)
    account.convert_to(converted.id, "jpy", 135_000)
    charges = [account.charge_of(account.pay(session.id)["id"]) for session in (shown, converted)]
    assert [(charge["currency"], charge["amount"]) for charge in charges] == [("usd", 900), ("jpy", 135_000)]
    assert charges[0]["presentment_details"] == {"presentment_currency": "eur", "presentment_amount": 830}
    told = client.v1.checkout.sessions.retrieve(converted.id)
    assert (told.currency, told.currency_conversion.source_currency) == ("jpy", "usd")
    assert told.currency_conversion.amount_total == 900
