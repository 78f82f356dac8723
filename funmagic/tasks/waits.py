"""How long a run will take, as far as recent runs tell: before the click, and while it waits in line."""

import statistics
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from funmagic.models.tasks import IN_LINE, IS_RUNNING, TaskStatus
from funmagic.tasks.statements import TASKS, TOOLS

RECENT = 20
# Of more runs in line nobody wants to know the number; and counting them would take longer than telling.
MOST_AHEAD = 1000


@dataclass(frozen=True)
class Wait:
    """How many runs are in line before this one, and the seconds until its result, the line included; None: unknown."""

    ahead: int
    seconds: int | None


def expected_wait(session: Session, tool_slug: str, step_id: str | None = None) -> Wait:
    """What somebody would wait who pressed the button now."""
    tool = session.execute(sa.select(TOOLS.c.id).where(TOOLS.c.slug == tool_slug)).scalar_one_or_none()
    return Wait(_count_in_line(session), _usual_seconds(session, tool, step_id) if tool else None)


def place_in_line(session: Session, task_id: str) -> Wait:
    """What a run still has before it; once it has begun, nobody is ahead of it."""
    wanted = sa.select(TASKS.c.tool_id, TASKS.c.step_id, TASKS.c.status).where(TASKS.c.id == task_id)
    task = session.execute(wanted).one()
    ahead = _count_in_line(session, before=task_id) if task.status in IN_LINE else 0
    return Wait(ahead, _usual_seconds(session, task.tool_id, task.step_id))


def _count_in_line(session: Session, before: str | None = None) -> int:
    waiting = sa.select(TASKS.c.id).where(sa.text(IS_RUNNING), TASKS.c.status.in_(IN_LINE))
    if before is not None:
        # Ids are in the order in which they were made.
        waiting = waiting.where(TASKS.c.id < before)
    counted = waiting.limit(MOST_AHEAD).subquery()
    return int(session.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one())


def _usual_seconds(session: Session, tool_id: str, step_id: str | None) -> int | None:
    """The median of the last runs, from the click to the result: what people waited lately, in line or not."""
    recent = sa.select(TASKS.c.created_at, TASKS.c.finished_at).where(
        TASKS.c.tool_id == tool_id,
        TASKS.c.status == TaskStatus.COMPLETED,
        TASKS.c.finished_at.is_not(None),
        TASKS.c.step_id.is_not_distinct_from(step_id),
    )
    rows = session.execute(recent.order_by(TASKS.c.id.desc()).limit(RECENT))
    seconds = [(row.finished_at - row.created_at).total_seconds() for row in rows]
    return max(round(statistics.median(seconds)), 1) if seconds else None
