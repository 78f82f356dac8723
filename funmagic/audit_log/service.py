"""The audit log: who did what with an admin's rights, and why; entries are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.core.emails import canonical_email
from funmagic.core.json import Shape, decode_cursor, encode_cursor
from funmagic.models.audit_log import AuditEntry
from funmagic.models.billing import Payment
from funmagic.models.tasks import Task
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer

# What people own that entries are about.
OWNED: dict[str, Any] = {"task": Task, "payment": Payment}


class Act(Shape):
    """One entry; no actor means the product itself, or an operator at its command line."""

    id: str
    created_at: datetime
    actor_id: str | None
    action: str
    subject_type: str
    subject_id: str
    reason: str
    details: dict[str, Any]


class ActPage(Shape):
    """Entries; `nextCursor` is null at the end."""

    acts: list[Act]
    next_cursor: str | None


@dataclass(frozen=True)
class ActFilter:
    """Which acts: how the action's name begins, who did them, and to what. People go by their ids or their emails."""

    action: str = ""
    actor: str = ""
    subject: str = ""


def record_act(
    session: Session, actor: Viewer | None, action: str, subject: tuple[str, str], *, reason: str = "", **details: Any
) -> None:
    """Add a row of the audit log for what this transaction does to `subject`, a kind of thing and its id."""
    subject_type, subject_id = subject
    entry = AuditEntry(
        actor_id=actor.id if actor else None,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        reason=reason,
        details=details,
    )
    session.add(entry)


def forget_reasons(session: Session, user_id: str) -> None:
    """Empty what people wrote about a user, their runs and their payments; that it was done stays written down."""
    theirs = [
        sa.and_(col(AuditEntry.subject_type) == "user", col(AuditEntry.subject_id) == user_id),
        *(
            sa.and_(
                col(AuditEntry.subject_type) == kind,
                col(AuditEntry.subject_id).in_(sa.select(table.id).where(table.user_id == user_id)),
            )
            for kind, table in OWNED.items()
        ),
    ]
    session.execute(sa.update(AuditEntry).where(sa.or_(*theirs)).values(reason=""))


def list_acts(
    session: Session,
    wanted: ActFilter = ActFilter(),
    *,
    oldest_first: bool = False,
    limit: int = 20,
    cursor: str | None = None,
) -> ActPage:
    """What was done, newest first unless told otherwise; for admins. Raises InvalidInput for a cursor not of ours."""
    query = select(AuditEntry)
    if wanted.action:
        query = query.where(col(AuditEntry.action).startswith(wanted.action, autoescape=True))
    if wanted.actor:
        query = query.where(col(AuditEntry.actor_id).in_(_ids_for(wanted.actor)))
    if wanted.subject:
        query = query.where(col(AuditEntry.subject_id).in_(_ids_for(wanted.subject)))
    if last := decode_cursor(cursor):
        query = query.where(col(AuditEntry.id) > last if oldest_first else col(AuditEntry.id) < last)
    order = col(AuditEntry.id).asc() if oldest_first else col(AuditEntry.id).desc()
    rows = session.exec(query.order_by(order).limit(limit + 1)).all()
    return ActPage(
        acts=[Act.model_validate(row) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None,
    )


def find_emails(session: Session, acts: list[Act]) -> dict[str, str]:
    """The emails, by their ids, of the people who did these acts and to whom they were done."""
    people = {act.actor_id for act in acts} | {act.subject_id for act in acts if act.subject_type == "user"}
    found = session.exec(select(User.id, User.email).where(col(User.id).in_(people - {None})))
    return dict(found.all())


def _ids_for(person: str) -> Any:
    """The id that was given, or that of whoever has this email."""
    return sa.union_all(
        sa.select(sa.literal(person)), sa.select(col(User.id)).where(col(User.email) == canonical_email(person))
    )
