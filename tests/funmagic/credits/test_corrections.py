"""What admins do to credits: once under a key, within bounds, written down, and never by anybody else."""

import pytest
import sqlalchemy as sa
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from funmagic.credits import corrections
from funmagic.credits.corrections import MOST
from funmagic.credits.errors import InsufficientCredits, RefundTooLarge
from funmagic.models.base import utcnow
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.users import Role, User
from funmagic.profile.deletion import delete_account
from tests.factories import balance_of, books_are_right, make_user, run_together
from tests.funmagic.credits.runs import acts, charged, release, reserve

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def the_books_stay_right(db):
    yield
    assert books_are_right()


def grant(actor, user_id, amount=50, *, reason="For the trouble", key="key"):
    with transaction() as session:
        return corrections.grant_credits(session, actor, user_id, amount, reason=reason, key=key)


def adjust(actor, user_id, amount=50, *, reason="For the trouble", key="key"):
    with transaction() as session:
        return corrections.adjust_credits(session, actor, user_id, amount, reason=reason, key=key)


def refund(actor, task_id, amount=None, *, reason="For the trouble", key="key"):
    with transaction() as session:
        return corrections.refund_task(session, actor, task_id, amount, reason=reason, key=key)


def lines():
    with reading() as session:
        return session.exec(select(CreditTransaction).order_by(CreditTransaction.id)).all()


def lifetime_purchased(viewer):
    with reading() as session:
        return session.get_one(CreditAccount, viewer.id).lifetime_purchased


def test_a_gift_is_one_line_and_one_act_and_counts_as_nothing_bought(ann, alice):
    made = grant(ann, alice.id, 50)
    assert (made.type, made.amount, made.balance_after) == ("bonus", 50, 150)
    line = lines()[-1]
    assert (line.id, line.actor_id, line.description) == (made.id, ann.id, "For the trouble")
    assert lifetime_purchased(alice) == 0
    [act] = acts()
    assert (act.actor_id, act.action, act.subject_type, act.subject_id, act.reason, act.details) == (
        ann.id,
        "credits.grant",
        "user",
        alice.id,
        "For the trouble",
        {"amount": 50, "transactionId": made.id},
    )


@pytest.mark.parametrize(("amount", "left"), [(25, 125), (-100, 0)])
def test_an_adjustment_goes_both_ways_and_counts_as_nothing_bought(ann, alice, amount, left):
    made = adjust(ann, alice.id, amount)
    assert (made.type, made.amount, balance_of(alice).balance) == ("admin_adjust", amount, left)
    assert lifetime_purchased(alice) == 0
    assert [(act.action, act.details["amount"]) for act in acts()] == [("credits.adjust", amount)]


def test_no_adjustment_takes_what_a_run_holds(ann, alice):
    reserve(alice, 30)
    with pytest.raises(InsufficientCredits):
        adjust(ann, alice.id, -71)
    assert acts() == []
    adjust(ann, alice.id, -70)
    assert (balance_of(alice).balance, balance_of(alice).available) == (30, 0)


def test_a_run_is_refunded_whole(ann, alice):
    task_id = charged(alice)
    made = refund(ann, task_id)
    assert (made.type, made.amount, made.task_id, made.balance_after) == ("refund", 20, task_id, 100)
    assert [(act.action, act.subject_type, act.subject_id) for act in acts()] == [
        ("credits.refund_task", "task", task_id)
    ]


def test_a_run_is_refunded_in_parts_and_never_more_than_it_was_charged(ann, alice):
    task_id = charged(alice)
    refund(ann, task_id, 5, key="a")
    with pytest.raises(RefundTooLarge) as error:
        refund(ann, task_id, 16, key="b")
    assert error.value.details == {"left": 15}
    assert refund(ann, task_id, key="c").amount == 15
    for amount in (None, 1):
        with pytest.raises(RefundTooLarge):
            refund(ann, task_id, amount, key="d")
    assert balance_of(alice).balance == 100


@pytest.mark.parametrize("end", [None, release])
def test_a_run_that_was_not_charged_has_nothing_to_refund(ann, alice, end):
    task_id = reserve(alice, 20)
    if end:
        end(task_id)
    with pytest.raises(RefundTooLarge):
        refund(ann, task_id)


@pytest.mark.parametrize(("correct", "amount"), [(grant, 50), (adjust, -50), (refund, None), (refund, 7)])
def test_the_same_key_with_the_same_request_changes_nothing_and_returns_the_same(ann, alice, correct, amount):
    subject = charged(alice) if correct is refund else alice.id
    first = correct(ann, subject, amount)
    before = balance_of(alice)
    assert correct(ann, subject, amount, reason=" For the trouble ") == first
    assert (balance_of(alice), len(acts())) == (before, 1)


def test_the_same_key_with_another_request_is_refused(ann, alice, bob):
    task_id, other_task_id = charged(alice), charged(alice)
    grant(ann, alice.id, 50, key="gift")
    refund(ann, task_id, 20, key="refund")
    others = [
        lambda: grant(ann, alice.id, 51, key="gift"),
        lambda: grant(ann, bob.id, 50, key="gift"),
        lambda: grant(ann, alice.id, 50, reason="Another reason", key="gift"),
        lambda: adjust(ann, alice.id, 50, key="gift"),
        lambda: refund(ann, task_id, 20, key="gift"),
        lambda: refund(ann, task_id, 19, key="refund"),
        lambda: refund(ann, task_id, None, key="refund"),
        lambda: refund(ann, other_task_id, 20, key="refund"),
        lambda: grant(ann, alice.id, 20, key="refund"),
    ]
    for other in others:
        with pytest.raises(IdempotencyConflict):
            other()
    assert len(acts()) == 2


def test_two_admins_may_use_the_same_key(ann, alice):
    grant(ann, alice.id)
    grant(make_user("ben", Role.SUPER_ADMIN), alice.id)
    grant(None, alice.id)
    assert balance_of(alice).balance == 250


def test_a_key_may_be_long_and_hold_anything(ann, alice):
    for key in ("x" * 200, "ключ\x00", "'; --"):
        assert grant(ann, alice.id, key=key) == grant(ann, alice.id, key=key)
    assert balance_of(alice).balance == 250


@pytest.mark.parametrize("correct", [grant, adjust, refund])
def test_nobody_but_an_admin_corrects_anything(alice, correct):
    subject = charged(alice) if correct is refund else alice.id
    with pytest.raises(Forbidden):
        correct(alice, subject, 5)
    assert acts() == []


@pytest.mark.parametrize("correct", [grant, adjust, refund])
@pytest.mark.parametrize("amount", [True, 1.0, 0, MOST + 1, 10**30, "5"])
def test_what_is_no_amount_is_refused(ann, alice, correct, amount):
    subject = charged(alice) if correct is refund else alice.id
    with pytest.raises(InvalidInput):
        correct(ann, subject, amount)


@pytest.mark.parametrize(("correct", "amount"), [(grant, -5), (refund, -5), (adjust, -MOST - 1)])
def test_gifts_and_refunds_are_never_negative_and_nothing_is_endless(ann, alice, correct, amount):
    subject = charged(alice) if correct is refund else alice.id
    with pytest.raises(InvalidInput):
        correct(ann, subject, amount)


@pytest.mark.parametrize("correct", [grant, adjust, refund])
@pytest.mark.parametrize("words", [{"reason": ""}, {"reason": "  "}, {"reason": "x" * 201}, {"key": ""}])
def test_a_reason_and_a_key_are_needed(ann, alice, correct, words):
    subject = charged(alice) if correct is refund else alice.id
    with pytest.raises(InvalidInput):
        correct(ann, subject, 5, **words)


@pytest.mark.parametrize("correct", [grant, adjust, refund])
def test_what_is_not_there_is_not_found(ann, correct):
    with pytest.raises(NotFound):
        correct(ann, "nobody", 5)


def test_a_deleted_account_gets_nothing_and_what_it_got_can_be_asked_for_again(ann, alice):
    task_id, first = charged(alice), grant(ann, alice.id)
    delete_account(alice, alice.email)
    assert grant(ann, alice.id) == first.model_copy(update={"description": ""})
    for correct, subject in ((grant, alice.id), (adjust, alice.id), (refund, task_id)):
        with pytest.raises(NotFound):
            correct(ann, subject, 5, key="later")


def test_a_banned_user_may_still_get_back_what_is_theirs(ann, alice):
    task_id = charged(alice)
    with transaction() as session:
        session.execute(sa.update(User).where(User.id == alice.id).values(banned_at=utcnow()))
    assert refund(ann, task_id).amount == 20


def test_of_many_refunds_at_once_no_credit_comes_back_twice(ann, alice):
    task_id = charged(alice)
    keys = iter("abcdefghijklmnop")
    outcomes = run_together(16, lambda: refund(ann, task_id, 3, key=next(keys)))
    assert sum(isinstance(outcome, RefundTooLarge) for outcome in outcomes) == 10
    assert balance_of(alice).balance == 80 + 6 * 3
    assert len(acts()) == 6


def test_of_many_whole_refunds_at_once_one_gives_everything(ann, alice):
    task_id = charged(alice)
    keys = iter("abcdefghijkl")
    outcomes = run_together(12, lambda: refund(ann, task_id, key=next(keys)))
    assert sum(isinstance(outcome, RefundTooLarge) for outcome in outcomes) == 11
    assert balance_of(alice).balance == 100


@pytest.mark.parametrize("correct", [grant, adjust, refund])
def test_one_key_used_by_many_at_once_acts_once(ann, alice, correct):
    subject = charged(alice, 50) if correct is refund else alice.id
    before = balance_of(alice).balance
    outcomes = run_together(12, lambda: correct(ann, subject, 5))
    assert len({outcome.id for outcome in outcomes}) == 1
    assert balance_of(alice).balance == before + 5
    assert len(acts()) == 1


def test_one_key_used_for_different_acts_at_once_does_one_of_them(ann, alice):
    acts_ = iter([grant, adjust] * 6)
    outcomes = run_together(12, lambda: next(acts_)(ann, alice.id, 5))
    assert sum(isinstance(outcome, IdempotencyConflict) for outcome in outcomes) == 6
    assert balance_of(alice).balance == 105


def test_adjustments_at_once_take_what_is_there_and_no_more(ann, alice):
    keys = iter("abcdefghijklmnop")
    outcomes = run_together(16, lambda: adjust(ann, alice.id, -9, key=next(keys)))
    assert sum(isinstance(outcome, InsufficientCredits) for outcome in outcomes) == 5
    assert balance_of(alice).balance == 1
