"""An admin gives money back: through Stripe, once per key, written down before and after, and the credits leave."""

from typing import Any

import pytest
from sqlmodel import select

from funmagic import paths
from funmagic.billing.errors import NotRefundable, PaymentsNotSetUp, PaymentsUnavailable
from funmagic.billing.refunds import refund_payment
from funmagic.core.db import reading
from funmagic.core.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from funmagic.models.audit_log import AuditEntry
from tests import factories
from tests.factories import books_are_right
from tests.funmagic.billing.shop import EMPTY, PRICE, REFUNDED_1000, WELCOMED, WITH_CREATOR, load, spend
from tests.funmagic.credits.balances import balances_of

pytestmark = pytest.mark.both_databases

REFUNDS = "POST /v1/refunds"


def give_back(admin: Any, payment: Any, cents: int | None = None, key: str = "k", reason: str = "unhappy") -> Any:
    return refund_payment(admin, payment.id, cents=cents, reason=reason, idempotency_key=key)


def log_of() -> list[tuple[str, str]]:
    """What was written down: the act, and of which code or how many cents it tells."""
    with reading() as session:
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()
        return [(entry.action, str(entry.details.get("code", entry.details.get("cents")))) for entry in entries]


def refunds_at(stripe: Any) -> list[int]:
    return [refund["amount"] for refund in stripe.things("refund")]


def test_money_goes_back_and_the_credits_leave_before_the_webhook_comes(shop, alice, admin):
    payment = shop.buy(alice)
    view = give_back(admin, payment, 1000)
    assert (view.status, view.refunded_cents) == ("paid", 1000)
    assert (refunds_at(shop.stripe), balances_of(alice)) == ([1000], REFUNDED_1000)
    assert log_of() == [("billing.refund", "1000"), ("billing.refund_done", "1000")]
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (1000, REFUNDED_1000)
    assert books_are_right()


def test_without_an_amount_all_that_is_left_goes_back(shop, alice, admin):
    payment = shop.buy(alice)
    give_back(admin, payment, 1000, key="a")
    assert give_back(admin, payment, key="b").refunded_cents == PRICE
    assert (refunds_at(shop.stripe), balances_of(alice)) == ([1499, 1000], WELCOMED)
    assert books_are_right()


def test_what_is_written_down_says_who_why_and_what(shop, alice, admin):
    payment = shop.buy(alice)
    give_back(admin, payment, 1000, reason="  the photo was blurred ")
    with reading() as session:
        asked, done = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert (asked.actor_id, asked.subject_type, asked.subject_id) == (admin.id, "payment", payment.id)
    assert (asked.reason, asked.details["cents"]) == ("the photo was blurred", 1000)
    refund = shop.stripe.things("refund")[0]
    assert done.details["refund"] == refund["id"]
    assert refund["metadata"] == {"payment_id": payment.id, "refund_request_id": asked.details["request"]}


def test_the_same_key_gives_back_once_and_answers_the_same(shop, alice, admin):
    payment = shop.buy(alice)
    views = [give_back(admin, payment, 1000) for _ in range(3)]
    assert views[0] == views[1] == views[2]
    assert refunds_at(shop.stripe) == [1000]
    assert len(log_of()) == 2


def test_the_same_key_at_once_gives_back_once(shop, alice, admin):
    payment = shop.buy(alice)
    answers = factories.run_together(4, lambda: give_back(admin, payment, 1000))
    assert {answer.refunded_cents for answer in answers} == {1000}
    assert refunds_at(shop.stripe) == [1000]
    assert balances_of(alice) == REFUNDED_1000


@pytest.mark.parametrize("other", [{"cents": 999}, {"cents": None}, {"reason": "another"}])
def test_the_same_key_for_something_else_is_refused(shop, alice, admin, other):
    payment = shop.buy(alice)
    give_back(admin, payment, 1000)
    with pytest.raises(IdempotencyConflict):
        give_back(admin, payment, **{"cents": 1000, **other})
    assert refunds_at(shop.stripe) == [1000]


def test_two_admins_at_once_give_back_no_more_than_there_was(shop, alice, admin):
    payment = shop.buy(alice)
    keys = ["a", "b", "c", "d"]
    answers = factories.run_together(4, lambda: give_back(admin, payment, 1499, key=keys.pop()))
    assert sorted(type(answer).__name__ for answer in answers) == ["NotRefundable"] * 3 + ["PaymentView"]
    assert (refunds_at(shop.stripe), load(payment.id).refunded_cents) == ([1499], 1499)
    assert books_are_right()


def test_a_lost_answer_is_found_again_by_the_same_key(shop, alice, admin):
    payment = shop.buy(alice)
    shop.stripe.script("answer-lost", "reset", "reset", on=REFUNDS)
    with pytest.raises(PaymentsUnavailable):
        give_back(admin, payment, 1000)
    assert (refunds_at(shop.stripe), balances_of(alice)) == ([1000], WITH_CREATOR)
    # A day later Stripe has forgotten its own keys.
    shop.stripe.api.idempotency.saved.clear()
    assert give_back(admin, payment, 1000).refunded_cents == 1000
    assert (refunds_at(shop.stripe), balances_of(alice)) == ([1000], REFUNDED_1000)


def test_a_lost_answer_of_a_refund_that_came_back_is_said(shop, alice, admin):
    payment = shop.buy(alice)
    shop.stripe.script("answer-lost", "reset", "reset", on=REFUNDS)
    with pytest.raises(PaymentsUnavailable):
        give_back(admin, payment, 1000)
    shop.stripe.fail_refund(shop.stripe.things("refund")[0]["id"])
    with pytest.raises(NotRefundable):
        give_back(admin, payment, 1000)
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (0, WITH_CREATOR)


def test_while_stripe_is_away_nothing_goes_back_and_that_is_written_down(shop, alice, admin):
    payment = shop.buy(alice)
    shop.stripe.script(*["reset"] * 3, on=REFUNDS)
    with pytest.raises(PaymentsUnavailable):
        give_back(admin, payment, 1000)
    assert log_of() == [("billing.refund", "1000"), ("billing.refund_failed", "PAYMENTS_UNAVAILABLE")]
    assert (refunds_at(shop.stripe), balances_of(alice)) == ([], WITH_CREATOR)
    assert give_back(admin, payment, 1000).refunded_cents == 1000
    assert log_of()[2:] == [("billing.refund_done", "1000")]


def test_what_stripe_refuses_is_said_and_written_down(shop, alice, admin):
    payment = shop.buy(alice)
    # We have not heard of it yet.
    shop.stripe.refund(payment.stripe_session_id, 2000)
    with pytest.raises(NotRefundable) as refused:
        give_back(admin, payment, 1000)
    assert "greater than unrefunded amount" in refused.value.message
    assert log_of()[-1] == ("billing.refund_failed", "NOT_REFUNDABLE")
    assert refunds_at(shop.stripe) == [2000]


def test_only_what_was_paid_can_be_given_back(shop, alice, admin):
    unpaid = shop.open(alice)
    with pytest.raises(NotRefundable):
        give_back(admin, unpaid)
    payment = shop.buy(alice)
    for cents in (2500, 10**9):
        with pytest.raises(NotRefundable):
            give_back(admin, payment, cents, key=str(cents))
    give_back(admin, payment, key="all")
    with pytest.raises(NotRefundable):
        give_back(admin, payment, key="more")
    disputed = shop.buy(alice)
    shop.stripe.dispute(disputed.stripe_session_id)
    shop.deliver()
    with pytest.raises(NotRefundable):
        give_back(admin, disputed)
    assert refunds_at(shop.stripe) == [PRICE]


def test_a_request_that_makes_no_sense_is_refused(shop, alice, admin):
    payment = shop.buy(alice)
    for wrong in ({"cents": 0}, {"cents": -5}, {"reason": " "}, {"reason": "x" * 201}):
        with pytest.raises(InvalidInput):
            give_back(admin, payment, **wrong)
    with pytest.raises(NotFound):
        refund_payment(admin, alice.id, cents=1, reason="r", idempotency_key="k")
    assert log_of() == []


def test_nobody_but_an_admin_gives_money_back(shop, alice):
    payment = shop.buy(alice)
    with pytest.raises(Forbidden):
        give_back(alice, payment)


def test_without_stripe_nothing_can_be_given_back(shop, alice, admin, set_up):
    payment = shop.buy(alice)
    set_up(stripe_secret_key="")
    with pytest.raises(PaymentsNotSetUp):
        give_back(admin, payment)
    assert log_of() == []


def test_spent_credits_stay_a_shortfall(shop, alice, admin):
    payment = shop.buy(alice)
    spend(alice, 400)
    give_back(admin, payment)
    payment = load(payment.id)
    assert (payment.taken_credits, payment.shortfall_credits, balances_of(alice)) == (30, 300, EMPTY)
    assert books_are_right()


def test_a_refund_that_comes_back_gives_the_credits_back(shop, alice, admin):
    payment = shop.buy(alice)
    give_back(admin, payment)
    shop.stripe.fail_refund(shop.stripe.things("refund")[0]["id"])
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (0, WITH_CREATOR)
    assert books_are_right()


def test_a_refund_that_takes_its_time_takes_the_credits_at_once(shop, alice, admin, monkeypatch):
    payment = shop.buy(alice)
    refund = shop.stripe.refund
    monkeypatch.setattr(shop.stripe, "refund", lambda *asked: refund(*asked, status="pending"))
    assert give_back(admin, payment, 1000).refunded_cents == 1000
    shop.stripe.fail_refund(shop.stripe.things("refund")[0]["id"])
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (0, WITH_CREATOR)
    assert books_are_right()


def test_a_refund_that_fails_at_once_is_said_and_takes_nothing(shop, alice, admin, monkeypatch):
    payment = shop.buy(alice)
    refund = shop.stripe.refund
    monkeypatch.setattr(shop.stripe, "refund", lambda *asked: shop.stripe.fail_refund(refund(*asked)["id"]))
    with pytest.raises(NotRefundable):
        give_back(admin, payment, 1000)
    assert log_of()[-1] == ("billing.refund_failed", "NOT_REFUNDABLE")
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (0, WITH_CREATOR)


def test_what_was_paid_in_another_currency_goes_back_in_it(shop, alice, admin):
    payment = shop.open(alice)
    shop.stripe.convert_to(payment.stripe_session_id, "jpy", 380_000)
    shop.stripe.pay(payment.stripe_session_id)
    shop.deliver()
    assert give_back(admin, payment, 1250, key="a").refunded_cents == 1250
    assert refunds_at(shop.stripe) == [190_077]
    assert give_back(admin, payment, key="b").refunded_cents == PRICE
    assert (sum(refunds_at(shop.stripe)), balances_of(alice)) == (380_000, WELCOMED)
    assert books_are_right()


def test_what_was_only_shown_in_another_currency_goes_back_in_ours(shop, alice, admin):
    payment = shop.open(alice)
    shop.stripe.show_in(payment.stripe_session_id, "jpy", 380_000)
    shop.stripe.pay(payment.stripe_session_id)
    shop.deliver()
    assert give_back(admin, payment, 1250).refunded_cents == 1250
    assert refunds_at(shop.stripe) == [1250]


def test_over_http_an_admin_names_a_key_and_a_reason(shop, alice, admin):
    payment = shop.buy(alice)
    address = f"{paths.API_ADMIN_BILLING}/payments/{payment.id}/refund"
    body = {"amountCents": 1000, "reason": "unhappy"}
    key = {"Idempotency-Key": "k"}
    assert shop.client.post(address, json=body, headers=key).status_code == 401
    factories.sign_in(shop.client, alice)
    assert shop.client.post(address, json=body, headers=key).status_code == 403
    factories.sign_in(shop.client, admin)
    for wrong in ({"amountCents": 0}, {"amountCents": 1.5}, {"reason": ""}, {"amountCents": True}):
        assert shop.client.post(address, json={**body, **wrong}, headers=key).status_code == 422
    assert shop.client.post(address, json=body).status_code == 422
    answers = [shop.client.post(address, json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    told = answers[0].json()["payment"]
    assert (told["id"], told["refundedCents"], told["amountCents"]) == (payment.id, 1000, PRICE)
    assert shop.client.post(address, json={"reason": "all"}, headers={"Idempotency-Key": "n"}).status_code == 200
    refused = shop.client.post(address, json={"reason": "all"}, headers={"Idempotency-Key": "o"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NOT_REFUNDABLE")
    assert "All of it was given back already" in refused.json()["error"]["message"]
