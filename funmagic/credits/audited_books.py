"""What must be true of the books, in SQL: of each account, task and payment, and of how the lines follow on."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from funmagic.credits.statements import ACCOUNTS, LINES
from funmagic.models.billing import (
    LOST_STATUSES,
    OPEN_STATUSES,
    UNDONE_STATUSES,
    DisputeStatus,
    Payment,
    PaymentDispute,
    PaymentRefund,
    PaymentStatus,
)
from funmagic.models.credits import TransactionType
from funmagic.models.tasks import ACTIVE_STATUSES, Task, TaskStatus
from funmagic.models.users import User

Figure = sa.ColumnElement[Any]

USERS: sa.Table = User.__table__  # type: ignore[attr-defined]
TASKS: sa.Table = Task.__table__  # type: ignore[attr-defined]
PAYMENTS: sa.Table = Payment.__table__  # type: ignore[attr-defined]
REFUNDS: sa.Table = PaymentRefund.__table__  # type: ignore[attr-defined]
DISPUTES: sa.Table = PaymentDispute.__table__  # type: ignore[attr-defined]
NONE: Figure = sa.literal(0)


@dataclass(frozen=True)
class Check:
    """Two figures that must agree, and what to say where they do not."""

    says: str
    expected: Figure
    found: Figure
    # When they disagree, if that is not simply when they differ.
    disagree: Figure | None = None

    @property
    def is_wrong(self) -> Figure:
        """The condition under which this is a discrepancy."""
        return self.found != self.expected if self.disagree is None else self.disagree


@dataclass(frozen=True)
class Book:
    """Rows that are checked alike, by one query."""

    subject: str
    subject_id: Figure
    user_id: Figure
    rows: sa.FromClause
    checks: tuple[Check, ...]


def _accounts() -> Book:
    of_no_task = LINES.c.task_id.is_(None)
    of_no_payment = LINES.c.payment_id.is_(None)
    lines = _lines_by(
        LINES.c.user_id,
        balance=LINES.c.amount,
        reserved=LINES.c.reserved_delta,
        purchased=_of(TransactionType.PURCHASE, LINES.c.amount),
        used=_of(TransactionType.USAGE, -LINES.c.amount),
        refunded=_of(TransactionType.REFUND, LINES.c.amount),
        held_for_nothing=_if(of_no_task & of_no_payment, LINES.c.reserved_delta),
        of_no_task=_if(LINES.c.type.in_((TransactionType.USAGE, TransactionType.REFUND)) & of_no_task, 1),
        of_no_payment=_if((LINES.c.type == TransactionType.PURCHASE) & of_no_payment, 1),
    )
    returned = (
        sa.select(PAYMENTS.c.user_id, sa.func.sum(_returned_part(PAYMENTS.c.credits)).label("credits"))
        .where(PAYMENTS.c.settled_cents > 0)
        .group_by(PAYMENTS.c.user_id)
        .subquery()
    )
    sums = _or_0(lines)
    stored = _or_0(ACCOUNTS)
    bought = sums["purchased"] - _or_0(returned)["credits"]
    rows = USERS.outerjoin(ACCOUNTS, ACCOUNTS.c.user_id == USERS.c.id)
    rows = rows.outerjoin(lines, lines.c.key == USERS.c.id).outerjoin(returned, returned.c.user_id == USERS.c.id)
    checks = (
        Check("the balance is {found}, and the lines come to {expected}", sums["balance"], stored["balance"]),
        Check("{found} are reserved, and the lines come to {expected}", sums["reserved"], stored["reserved"]),
        Check("lifetime_purchased is {found}, and {expected} were bought", bought, stored["lifetime_purchased"]),
        Check("lifetime_used is {found}, and {expected} were used", sums["used"], stored["lifetime_used"]),
        Check(
            "lifetime_refunded is {found}, and {expected} were refunded", sums["refunded"], stored["lifetime_refunded"]
        ),
        Check("{found} are reserved for no task and no payment", NONE, sums["held_for_nothing"]),
        Check("{found} charges or refunds name no task", NONE, sums["of_no_task"]),
        Check("{found} purchases name no payment", NONE, sums["of_no_payment"]),
    )
    return Book("user", USERS.c.id, USERS.c.id, rows, checks)


def _followings() -> Book:
    """Every line leads from one pair of balance and reserved to another.

    So each pair is left as often as it is reached, but for nothing, where all begins, and what the lines come to. That
    holds in any order: times and ids do not tell the one in which lines were written where many write at once.
    """
    user = LINES.c.user_id
    amount = LINES.c.amount
    held = LINES.c.reserved_delta
    balance = LINES.c.balance_after
    reserved = LINES.c.reserved_after
    reached = sa.literal(1)
    left = sa.literal(-1)
    passages = sa.union_all(
        sa.select(user, balance.label("balance"), reserved.label("reserved"), reached.label("times")),
        sa.select(user, balance - amount, reserved - held, left),
        sa.select(user, NONE, NONE, reached).distinct(),
        sa.select(user, sa.func.sum(amount), sa.func.sum(held), left).group_by(user),
    ).subquery()
    key = (passages.c.user_id, passages.c.balance, passages.c.reserved)
    gaps = sa.select(passages.c.user_id).group_by(*key).having(sa.func.sum(passages.c.times) != 0).subquery()
    rows = sa.select(gaps.c.user_id, sa.func.count().label("number")).group_by(gaps.c.user_id).subquery()
    check = Check("{found} balances that its lines tell do not follow from one another", NONE, rows.c.number)
    return Book("user", rows.c.user_id, rows.c.user_id, rows, (check,))


def _tasks() -> Book:
    lines = _lines_by(
        LINES.c.task_id,
        holds=_of(TransactionType.RESERVATION, 1),
        held=LINES.c.reserved_delta,
        charges=_of(TransactionType.USAGE, 1),
        charged=_of(TransactionType.USAGE, -LINES.c.amount),
        refunded=_of(TransactionType.REFUND, LINES.c.amount),
    )
    sums = _or_0(lines)
    cost = TASKS.c.credits_cost
    is_live = TASKS.c.status.in_(ACTIVE_STATUSES)
    is_completed = TASKS.c.status == TaskStatus.COMPLETED
    has_no_hold = (is_live | is_completed) & (sums["holds"] != 1)
    checks = (
        Check("{found} reservations instead of {expected}", sa.literal(1), sums["holds"], has_no_hold),
        Check("{found} are reserved for it instead of {expected}", _if(is_live, cost), sums["held"]),
        Check("charged {found} times instead of {expected}", _if(is_completed, 1), sums["charges"]),
        Check("{found} were charged instead of {expected}", _if(is_completed, cost), sums["charged"]),
        Check(
            "{found} were refunded of {expected} charged",
            sums["charged"],
            sums["refunded"],
            sums["refunded"] > sums["charged"],
        ),
        _owner_check(lines, TASKS.c.user_id),
    )
    return Book("task", TASKS.c.id, TASKS.c.user_id, TASKS.outerjoin(lines, lines.c.key == TASKS.c.id), checks)


def _payments() -> Book:
    lines = _lines_by(
        LINES.c.payment_id,
        purchases=_of(TransactionType.PURCHASE, 1),
        purchased=_of(TransactionType.PURCHASE, LINES.c.amount),
        bonuses=_of(TransactionType.BONUS, 1),
        bonus=_of(TransactionType.BONUS, LINES.c.amount),
        held=LINES.c.reserved_delta,
        taken=_of(TransactionType.ADMIN_ADJUST, -LINES.c.amount),
        charged=_of(TransactionType.USAGE, -LINES.c.amount),
    )
    sums = _or_0(lines)
    payment = PAYMENTS.c
    is_paid = payment.status == PaymentStatus.PAID
    is_disputed = payment.dispute == DisputeStatus.OPEN
    credits_ = _if(is_paid, payment.credits)
    bonus = _if(is_paid, payment.bonus_credits)
    returned = _returned_part(payment.credits + payment.bonus_credits)
    checks = (
        Check("{found} purchases instead of {expected}", _if(is_paid, 1), sums["purchases"]),
        Check("{found} credits were added instead of {expected}", credits_, sums["purchased"]),
        Check("{found} bonuses instead of {expected}", _if(bonus > 0, 1), sums["bonuses"]),
        Check("a bonus of {found} instead of {expected}", bonus, sums["bonus"]),
        Check("{found} are frozen instead of {expected}", _if(is_disputed, payment.frozen_credits), sums["held"]),
        Check("{found} left the account, and it says {expected}", payment.taken_credits, sums["taken"]),
        Check(
            "{found} taken or missing, for {expected} returned",
            returned,
            payment.taken_credits + payment.shortfall_credits,
        ),
        Check("{found} of its frozen credits were spent", NONE, sums["charged"]),
        _owner_check(lines, payment.user_id),
    )
    return Book("payment", payment.id, payment.user_id, PAYMENTS.outerjoin(lines, lines.c.key == payment.id), checks)


def _refunds() -> Book:
    """What a payment says went back is what its refunds come to, and what the ledger has taken for."""
    payment = PAYMENTS.c
    is_live = REFUNDS.c.status.not_in(UNDONE_STATUSES)
    refunds = _sums_of(REFUNDS, named=REFUNDS.c.share_cents, live=_if(is_live, REFUNDS.c.share_cents))
    known = _or_0(refunds)
    price = payment.amount_cents
    unnamed = payment.refund_sum_cents - known["named"]
    went_back = _at_most(price, known["live"] + sa.case((unnamed > 0, unnamed), else_=0))
    is_paid = payment.status == PaymentStatus.PAID
    returned = _if(is_paid, _at_most(price, payment.refunded_cents + payment.lost_cents))
    checks = (
        Check(
            "it says that {found} cents went back, and its refunds come to {expected}",
            went_back,
            payment.refunded_cents,
        ),
        Check("the ledger stands for {found} returned cents instead of {expected}", returned, payment.settled_cents),
    )
    rows = PAYMENTS.outerjoin(refunds, refunds.c.key == payment.id)
    return Book("payment", payment.id, payment.user_id, rows, checks)


def _disputes() -> Book:
    """What a payment says is disputed, or was lost, is what its disputes come to."""
    payment = PAYMENTS.c
    disputes = _sums_of(
        DISPUTES,
        open=_if(DISPUTES.c.status.in_(OPEN_STATUSES), DISPUTES.c.share_cents),
        lost=_if(DISPUTES.c.status.in_(LOST_STATUSES), DISPUTES.c.share_cents),
    )
    sums = _or_0(disputes)
    disputed = _at_most(payment.amount_cents, sums["open"])
    lost = _at_most(payment.amount_cents, sums["lost"])
    is_open = payment.dispute == DisputeStatus.OPEN
    checks = (
        Check("{found} cents are disputed, and its disputes come to {expected}", disputed, payment.disputed_cents),
        Check("{found} cents were lost, and its disputes come to {expected}", lost, payment.lost_cents),
        Check(
            "it is disputed {found} times instead of {expected}", _if(payment.disputed_cents > 0, 1), _if(is_open, 1)
        ),
    )
    rows = PAYMENTS.outerjoin(disputes, disputes.c.key == payment.id)
    return Book("payment", payment.id, payment.user_id, rows, checks)


def _shares(rows: sa.Table, left: Figure) -> Book:
    """In the payment's own currency, a refund or a dispute stands for what it says."""
    of_payment = rows.join(PAYMENTS, PAYMENTS.c.id == rows.c.payment_id)
    is_own = rows.c.currency == PAYMENTS.c.currency
    check = Check(
        "{found} cents of it stand for {expected}", left, rows.c.share_cents, is_own & (rows.c.share_cents != left)
    )
    return Book(
        rows.name.removeprefix("payment_").removesuffix("s"), rows.c.id, PAYMENTS.c.user_id, of_payment, (check,)
    )


def _owner_check(lines: sa.Subquery, owner: Figure) -> Check:
    found = sa.case((lines.c.first_owner != owner, lines.c.first_owner), else_=lines.c.last_owner)
    return Check("a line of it is user {found}'s", owner, found)


def _lines_by(key: Figure, **figures: Figure) -> sa.Subquery:
    """Sums over the lines that have the same key, with the smallest and the largest user id among them."""
    sums = [sa.func.sum(figure).label(name) for name, figure in figures.items()]
    owners = [sa.func.min(LINES.c.user_id).label("first_owner"), sa.func.max(LINES.c.user_id).label("last_owner")]
    return sa.select(key.label("key"), *sums, *owners).where(key.is_not(None)).group_by(key).subquery()


def _sums_of(rows: sa.Table, **figures: Figure) -> sa.Subquery:
    """Sums over the rows of each payment."""
    key = rows.c.payment_id
    return (
        sa.select(key.label("key"), *(sa.func.sum(sum_).label(name) for name, sum_ in figures.items()))
        .group_by(key)
        .subquery()
    )


def _at_most(most: Figure, figure: Figure) -> Figure:
    return sa.case((figure > most, most), else_=figure)


def _of(type_: TransactionType, figure: Any) -> Figure:
    return _if(LINES.c.type == type_, figure)


def _if(condition: Figure, figure: Any) -> Figure:
    """The figure where the condition holds, and else 0."""
    return sa.case((condition, figure), else_=0)


def _or_0(rows: sa.FromClause) -> dict[str, Figure]:
    """The columns of joined rows, as figures that are 0 where there is no such row."""
    return {name: sa.func.coalesce(column, 0) for name, column in rows.c.items()}


def _returned_part(credits_: Figure) -> Figure:
    """How many of a payment's credits stand for the part of its price that went back."""
    return sa.cast(credits_, sa.BigInteger) * PAYMENTS.c.settled_cents // PAYMENTS.c.amount_cents


DISPUTED: Figure = DISPUTES.c.cents - DISPUTES.c.reinstated_cents
STILL_DISPUTED = _at_most(PAYMENTS.c.amount_cents, sa.case((DISPUTED > 0, DISPUTED), else_=0))

BOOKS = (
    _accounts(),
    _followings(),
    _tasks(),
    _payments(),
    _refunds(),
    _disputes(),
    _shares(REFUNDS, REFUNDS.c.cents),
    _shares(DISPUTES, STILL_DISPUTED),
)
