"""What admins do to credits: give them, correct a balance, refund a run; each once under its key, and recorded.

The actor is an admin, or None for an operator at the command line. The same key with the same request changes nothing
and returns what was done; with another request it is an IdempotencyConflict.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.audit_log.service import record_act
from funmagic.core.emails import canonical_email
from funmagic.core.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from funmagic.credits import ledger
from funmagic.credits.errors import RefundTooLarge
from funmagic.credits.views import Correction
from funmagic.models.base import locked_until_commit
from funmagic.models.credits import CreditTransaction, TransactionType
from funmagic.models.tasks import Task
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer

# No request may be larger: it catches a slip of the finger.
MOST = 1_000_000
# As long as a line's description may be.
LONGEST_REASON = 200
# How the ledger begins the keys of what is done here; REFUND_REST gives back all that is left of a charge.
BONUS = "bonus:"
ADJUST = "adjust:"
REFUND = "refund:"
REFUND_REST = "refund:rest:"


@dataclass(frozen=True)
class _Request:
    """What an actor asked for under a key; `own_key` is a digest of both, so that no other actor's is the same."""

    actor: Viewer | None
    action: str
    subject: tuple[str, str]
    amount: int | None
    reason: str
    own_key: str

    @property
    def actor_id(self) -> str | None:
        """The id of the admin whom the ledger line names."""
        return self.actor.id if self.actor else None

    def makes(self, line: CreditTransaction, begins: str) -> bool:
        """Whether a line that was made under this key is what this request asks for."""
        subject = line.task_id if self.subject[0] == "task" else line.user_id
        same_amount = self.amount is None or line.amount == self.amount
        # The reason is emptied when its user's account is deleted.
        same_reason = line.description in (self.reason, "")
        is_same_act = line.idempotency_key == f"{begins}{self.own_key}"
        return is_same_act and subject == self.subject[1] and same_amount and same_reason


def find_recipient(session: Session, *, user_id: str | None = None, email: str | None = None) -> str:
    """The id of the user who has this id, or this email; raises NotFound, for a deleted account too."""
    named = User.id == user_id if user_id is not None else User.email == canonical_email(email or "")
    found = session.exec(select(User.id).where(named, col(User.deleted_at).is_(None))).first()
    if found is None:
        raise NotFound
    return found


def grant_credits(
    session: Session, actor: Viewer | None, user_id: str, amount: int, *, reason: str, key: str
) -> Correction:
    """Give a user credits as a bonus, which counts as nothing bought. Raises Forbidden, InvalidInput, NotFound."""
    _check_amount(amount, least=1)
    request = _request(actor, "credits.grant", ("user", user_id), amount, reason=reason, key=key)
    return _change_balance(session, request, BONUS, ledger.grant_bonus)


def adjust_credits(
    session: Session, actor: Viewer | None, user_id: str, amount: int, *, reason: str, key: str
) -> Correction:
    """Add to a user's balance, or take from it what no run holds.

    Raises Forbidden, InvalidInput, NotFound, or InsufficientCredits where fewer are available.
    """
    _check_amount(amount, least=-MOST)
    request = _request(actor, "credits.adjust", ("user", user_id), amount, reason=reason, key=key)
    return _change_balance(session, request, ADJUST, ledger.adjust)


def refund_task(
    session: Session, actor: Viewer | None, task_id: str, amount: int | None = None, *, reason: str, key: str
) -> Correction:
    """Give back what a run was charged, or a part of it; None is all that was not given back yet.

    Raises Forbidden, InvalidInput, NotFound, or RefundTooLarge.
    """
    if amount is not None:
        _check_amount(amount, least=1)
    request = _request(actor, "credits.refund_task", ("task", task_id), amount, reason=reason, key=key)
    begins = REFUND_REST if amount is None else REFUND
    if earlier := _find_earlier(session, request, begins):
        return earlier
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound
    owner = find_recipient(session, user_id=task.user_id)
    # Held until the end: of two refunds of one run the second sees what the first has given back.
    ledger.lock_available(session, owner)
    left = _refundable(session, task_id)
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise RefundTooLarge(left=left)
    line_key = f"{begins}{request.own_key}".removeprefix(REFUND)
    ledger.refund(
        session,
        owner,
        wanted,
        task_id=task_id,
        key=line_key,
        actor_id=request.actor_id,
        description=request.reason,
    )
    return _record(session, request, begins)


def _change_balance(session: Session, request: _Request, begins: str, change: Callable[..., None]) -> Correction:
    if earlier := _find_earlier(session, request, begins):
        return earlier
    owner = find_recipient(session, user_id=request.subject[1])
    words = {"description": request.reason, "actor_id": request.actor_id}
    change(session, owner, request.amount, key=request.own_key, **words)
    return _record(session, request, begins)


def _check_amount(amount: int, *, least: int) -> None:
    # A bool would pass for an int, and a float is never an amount of credits.
    if type(amount) is not int or amount == 0 or not least <= amount <= MOST:
        raise InvalidInput(field="amount")


def _request(
    actor: Viewer | None, action: str, subject: tuple[str, str], amount: int | None, *, reason: str, key: str
) -> _Request:
    if actor is not None and not actor.is_admin:
        raise Forbidden
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise InvalidInput(field="reason")
    if not key:
        raise InvalidInput(field="idempotencyKey")
    own_key = hashlib.sha256(f"{actor.id if actor else ''}:{key}".encode()).hexdigest()
    return _Request(actor, action, subject, amount, reason.strip(), own_key)


def _find_earlier(session: Session, request: _Request, begins: str) -> Correction | None:
    """The correction that this key made before; the key stays locked until this transaction ends."""
    session.execute(sa.select(locked_until_commit(sa.literal(f"correction:{request.own_key}"))))
    keys = [f"{kind}{request.own_key}" for kind in (BONUS, ADJUST, REFUND, REFUND_REST)]
    line = session.exec(select(CreditTransaction).where(col(CreditTransaction.idempotency_key).in_(keys))).first()
    if line is None:
        return None
    if not request.makes(line, begins):
        raise IdempotencyConflict
    return Correction.model_validate(line)


def _refundable(session: Session, task_id: str) -> int:
    """How many of the credits that a task was charged were not given back."""
    charged_and_back = (TransactionType.USAGE, TransactionType.REFUND)
    total = sa.select(sa.func.coalesce(sa.func.sum(-col(CreditTransaction.amount)), 0)).where(
        col(CreditTransaction.task_id) == task_id, col(CreditTransaction.type).in_(charged_and_back)
    )
    return int(session.execute(total).scalar_one())


def _record(session: Session, request: _Request, begins: str) -> Correction:
    made = select(CreditTransaction).where(CreditTransaction.idempotency_key == f"{begins}{request.own_key}")
    correction = Correction.model_validate(session.exec(made).one())
    record_act(
        session,
        request.actor,
        request.action,
        request.subject,
        reason=request.reason,
        amount=correction.amount,
        transactionId=correction.id,
    )
    return correction
