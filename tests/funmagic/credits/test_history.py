"""The ledger told as stories: a hold and what became of it are one, and none is lost between pages."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import select

from funmagic.core.db import get_engine, reading, transaction
from funmagic.core.errors import InvalidInput
from funmagic.credits import ledger
from funmagic.credits.history import Story, list_stories
from funmagic.models.base import new_id, utcnow
from funmagic.models.billing import PaymentStatus
from funmagic.models.credits import CreditTransaction, TransactionType
from funmagic.site.credits.words import StoryRow, view_story
from tests import factories
from tests.factories import change_task
from tests.funmagic.credits.runs import confirm, make_task, release, reserve

pytestmark = pytest.mark.both_databases


def do(operation, *arguments, **details) -> None:
    with transaction() as session:
        operation(session, *arguments, **details)


def stories_of(viewer, **wanted) -> list[Story]:
    with reading() as session:
        return list_stories(session, viewer, **wanted).stories


def newest(viewer) -> StoryRow:
    return view_story(stories_of(viewer)[0])


def walk(viewer, limit, type_=None) -> list[list[Story]]:
    pages, cursor = [], None
    while True:
        with reading() as session:
            page = list_stories(session, viewer, type_=type_, limit=limit, cursor=cursor)
        pages.append(page.stories)
        cursor = page.next_cursor
        if cursor is None:
            return pages


def make_payment(viewer, **columns) -> str:
    sold = {"package_name": "Plus", "amount_cents": 1999, "credits": 500, "bonus_credits": 50}
    facts = {"status": PaymentStatus.PAID, "stripe_session_id": f"cs_{new_id()}"}
    return factories.make_payment(viewer, **(sold | facts | columns))


def test_a_running_task_says_how_much_it_holds(alice):
    reserve(alice, 20)
    story = newest(alice)
    assert (story.type, story.text) == ("reservation", "20 credits held until it is done")
    assert (story.amount, story.unit, story.tone, story.lines) == ("20", "credits held", "held", [])


@pytest.mark.parametrize(("amount", "said"), [(1, "+1 credit"), (2, "+2 credits"), (-1, "−1 credit")])
def test_an_amount_is_counted_in_words_that_go_with_it(alice, amount, said):
    with transaction() as session:
        ledger.adjust(session, alice.id, amount, key="a", description="")
    story = newest(alice)
    assert f"{story.amount} {story.unit}" == said


def test_a_completed_task_is_one_story_of_its_hold_and_its_charge(alice):
    task_id = reserve(alice, 5)
    confirm(task_id)
    story = newest(alice)
    assert (story.type, story.badge, story.text) == ("usage", "Charged", "5 credits charged")
    assert (story.amount, story.tone) == ("−5", "minus")
    assert [(line.label, line.amount, line.tone) for line in story.lines] == [
        ("Held", "5", "held"),
        ("Charged", "−5", "minus"),
    ]
    assert story.href.endswith(f"?task={task_id}")
    assert len(stories_of(alice)) == 2


@pytest.mark.parametrize(("code", "word"), [("PROVIDER_ERROR", "Failed"), ("CANCELLED", "Cancelled")])
def test_a_task_that_came_to_nothing_says_that_nothing_was_charged(alice, code, word):
    task_id = reserve(alice, 20)
    release(task_id)
    change_task(task_id, status="failed", error_code=code)
    story = newest(alice)
    assert story.text == f"{word}: 20 credits held and given back, nothing was charged"
    assert (story.type, story.amount, story.tone) == ("release", "0", "none")


def test_a_refund_of_a_run_belongs_to_its_story_and_brings_it_to_the_top(alice):
    task_id = reserve(alice, 20)
    confirm(task_id)
    confirm(reserve(alice, 5))
    do(ledger.refund, alice.id, 20, task_id=task_id, key="r", actor_id=None, description="It came out blank")
    story = newest(alice)
    assert (story.type, story.text) == ("refund", "20 credits charged, 20 credits refunded")
    assert [line.label for line in story.lines] == ["Held", "Charged", "Refund: It came out blank"]
    assert (story.amount, len(stories_of(alice))) == ("0", 3)


def test_a_run_that_its_owner_deleted_is_told_without_a_link(alice):
    task_id = reserve(alice, 5)
    change_task(task_id, deleted_at=utcnow())
    assert newest(alice).href == ""


def test_a_purchase_says_what_was_bought_and_for_how_much(alice):
    payment_id = make_payment(alice, stripe_session_id="cs_1")
    do(ledger.add_purchase, alice.id, 500, payment_id=payment_id)
    do(ledger.grant_bonus, alice.id, 50, key=payment_id, payment_id=payment_id)
    bonus, purchase, _welcome = map(view_story, stories_of(alice))
    assert (purchase.title, purchase.text, purchase.amount) == ("Plus", "Bought for $19.99", "+500")
    assert purchase.href == "/checkout/success?session_id=cs_1"
    assert (bonus.title, bonus.amount, bonus.tone) == ("Bonus with Plus", "+50", "plus")


@pytest.mark.falsifies_books
def test_a_refunded_purchase_and_one_given_back_are_told_apart(alice):
    payment_id = make_payment(alice)
    for number, (amount, title, shown) in enumerate(
        [(-40, "Purchase refunded", "−40"), (40, "Purchase given back", "+40"), (0, "Purchase refunded", "0")]
    ):
        do(ledger.adjust, alice.id, amount, key=str(number), description="Plus", payment_id=payment_id)
        assert (newest(alice).title, newest(alice).amount) == (title, shown)
    assert "spent already" in newest(alice).text


@pytest.mark.falsifies_books
def test_a_dispute_is_one_story_apart_from_its_purchase(alice):
    payment_id = make_payment(alice)
    do(ledger.add_purchase, alice.id, 500, payment_id=payment_id)
    do(ledger.reserve, alice.id, 100, payment_id=payment_id)
    assert (newest(alice).title, newest(alice).tone) == ("Held while your bank's dispute is open", "held")
    do(ledger.release, payment_id=payment_id)
    assert newest(alice).title == "Held while your bank's dispute was open"
    assert [story.type for story in stories_of(alice)] == ["release", "purchase", "welcome"]


def test_what_an_admin_does_is_told_in_their_words(alice):
    do(ledger.adjust, alice.id, -10, key="a", description="A correction")
    assert (newest(alice).title, newest(alice).text) == ("Adjusted by our team", "A correction")


def test_pages_tell_every_story_once_and_newest_first(alice):
    tasks = [reserve(alice, 1) for _ in range(7)]
    for task_id in (tasks[3], tasks[0]):
        confirm(task_id)
    (whole,) = walk(alice, 100)
    assert [story.key for story in whole[:2]] == [tasks[0], tasks[3]]
    assert [len(page) for page in walk(alice, 3)] == [3, 3, 2]
    assert [story for page in walk(alice, 3) for story in page] == whole
    assert walk(alice, 8) == [whole]


def test_a_type_picks_whole_stories_that_have_such_a_line(alice):
    charged, failed, _running = (reserve(alice, 5) for _ in range(3))
    confirm(charged)
    release(failed)
    for type_, keys in ((TransactionType.USAGE, [charged]), (TransactionType.RELEASE, [failed])):
        [story] = stories_of(alice, type_=type_)
        assert ([story.key], len(story.lines)) == (keys, 2)
    assert len(stories_of(alice, type_=TransactionType.RESERVATION)) == 3
    assert [len(page) for page in walk(alice, 2, TransactionType.RESERVATION)] == [2, 1]
    assert stories_of(alice, type_=TransactionType.PURCHASE) == []


def test_two_refunds_of_one_run_are_one_story_of_that_type(alice):
    task_id = reserve(alice, 20)
    confirm(task_id)
    for key in "ab":
        do(ledger.refund, alice.id, 5, task_id=task_id, key=key, actor_id=None)
    [story] = stories_of(alice, type_=TransactionType.REFUND)
    assert (len(story.lines), story.amount) == (4, -10)


def test_nobody_is_told_anothers_story(alice, bob):
    reserve(bob, 20)
    assert [story.type for story in stories_of(alice)] == ["welcome"]


def test_a_cursor_that_we_did_not_make_is_refused(alice):
    with pytest.raises(InvalidInput):
        stories_of(alice, cursor="nonsense")


@pytest.mark.falsifies_books
def test_a_page_takes_a_handful_of_statements_however_long_it_is(alice):
    payment_id = make_payment(alice)
    do(ledger.add_purchase, alice.id, 500, payment_id=payment_id)
    for _ in range(15):
        confirm(reserve(alice, 2, make_task(alice)))
    statements = []
    record = partial(_record, statements)
    sa.event.listen(get_engine(), "before_cursor_execute", record)
    stories = stories_of(alice)
    sa.event.remove(get_engine(), "before_cursor_execute", record)
    assert len(stories) == 17
    assert len([text for text in statements if text.startswith("SELECT")]) == 4


def _record(statements, _connection, _cursor, text, *_rest) -> None:
    statements.append(text)


def test_stories_hold_every_line_of_the_ledger(alice):
    for settle in (confirm, release, confirm):
        settle(reserve(alice, 5))
    with reading() as session:
        ids = set(session.exec(select(CreditTransaction.id).where(CreditTransaction.user_id == alice.id)))
    assert {line.id for story in stories_of(alice) for line in story.lines} == ids
