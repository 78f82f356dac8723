"""The statements of every run's life, made once: building them anew costs more than the database needs to run them.

They work on tables: through the mapped classes each would cost the session several times as much. A value is bound
under the name of its column with `b_` before it, as SQLAlchemy keeps the bare names of an update's columns to itself.
"""

import sqlalchemy as sa

from funmagic.models.assets import Asset
from funmagic.models.base import db_time, without_waiting
from funmagic.models.tasks import IN_LINE, IS_RUNNING, StepStatus, Task, TaskStatus, TaskStep
from funmagic.models.tools import Tool

TASKS: sa.Table = Task.__table__  # type: ignore[attr-defined]
STEPS: sa.Table = TaskStep.__table__  # type: ignore[attr-defined]
ASSETS: sa.Table = Asset.__table__  # type: ignore[attr-defined]
TOOLS: sa.Table = Tool.__table__  # type: ignore[attr-defined]

LEASE_S = 10
# The enqueue after a submit takes milliseconds; a task that is still pending after this was forgotten.
FIRST_CHECK_S = 2
# A queued or parked task is looked at again after this long, in case its job was lost.
LOOK_AGAIN_S = 10

_IS_IN_LINE = TASKS.c.status.in_(IN_LINE)
_IS_PARKED = sa.and_(TASKS.c.status == TaskStatus.PROCESSING, TASKS.c.leased_until.is_(None))
_IS_ORPHANED = sa.and_(TASKS.c.status == TaskStatus.PROCESSING, TASKS.c.leased_until < db_time())
_OPEN_STEPS = (
    sa.select(STEPS.c.step_id)
    .where(STEPS.c.task_id == TASKS.c.id, STEPS.c.status != StepStatus.COMPLETED)
    .order_by(STEPS.c.position)
    .limit(1)
)
_FIRST_OPEN_STEP = _OPEN_STEPS.scalar_subquery()
FIRST_OPEN_QUEUE = _OPEN_STEPS.with_only_columns(STEPS.c.queue).scalar_subquery()
_TAKE = (
    sa.update(TASKS)
    .where(TASKS.c.id == sa.bindparam("b_task_id"))
    .values(
        status=TaskStatus.PROCESSING,
        lease_token=sa.bindparam("b_lease_token"),
        leased_until=db_time(LEASE_S),
        attempts=TASKS.c.attempts + sa.case((_IS_PARKED, 0), else_=1),
        next_check_at=None,
        current_step=_FIRST_OPEN_STEP,
        started_at=sa.func.coalesce(TASKS.c.started_at, db_time(), type_=db_time.type),
    )
    .returning(TASKS.c.attempts)
)
CLAIM = _TAKE.where(sa.or_(_IS_IN_LINE, _IS_PARKED, _IS_ORPHANED))
CLAIM_ORPHANED = _TAKE.where(_IS_ORPHANED)
COMPLETE_TASK = (
    sa.update(TASKS)
    .where(
        TASKS.c.id == sa.bindparam("b_task_id"),
        TASKS.c.lease_token == sa.bindparam("b_lease_token"),
        TASKS.c.status == TaskStatus.PROCESSING,
        ~sa.exists().where(STEPS.c.task_id == TASKS.c.id, STEPS.c.position > sa.bindparam("b_position")),
    )
    .values(
        status=TaskStatus.COMPLETED,
        output=sa.bindparam("b_output", type_=TASKS.c.output.type),
        progress=1.0,
        lease_token=None,
        leased_until=None,
        next_check_at=None,
        finished_at=db_time(),
        # Only an attempt that came to nothing can have left files behind.
        files_swept_at=sa.case((TASKS.c.attempts == 1, db_time())),
    )
)
BEGIN_STEP = (
    sa.update(STEPS)
    .where(STEPS.c.id == sa.bindparam("b_id"))
    .values(status=StepStatus.PROCESSING, started_at=db_time())
)
COMPLETE_STEP = (
    sa.update(STEPS)
    .where(STEPS.c.id == sa.bindparam("b_id"))
    .values(
        status=StepStatus.COMPLETED,
        request=sa.bindparam("b_request", type_=STEPS.c.request.type),
        response=sa.bindparam("b_response", type_=STEPS.c.response.type),
        usage=sa.bindparam("b_usage", type_=STEPS.c.usage.type),
        finished_at=db_time(),
    )
)
FIND_CURRENT_STEP = sa.select(TaskStep).where(
    STEPS.c.task_id == sa.bindparam("b_task_id"),
    STEPS.c.step_id == sa.select(TASKS.c.current_step).where(TASKS.c.id == sa.bindparam("b_task_id")).scalar_subquery(),
)
FIND_LATER_STEP = (
    sa.select(TaskStep)
    .where(STEPS.c.task_id == sa.bindparam("b_task_id"), STEPS.c.position > sa.bindparam("b_position"))
    .order_by(STEPS.c.position)
    .limit(1)
)
INSERT_ASSETS = sa.insert(ASSETS)
COUNT_USAGE = (
    sa.update(TOOLS)
    .where(TOOLS.c.id == sa.select(TASKS.c.tool_id).where(TASKS.c.id == sa.bindparam("b_task_id")).scalar_subquery())
    .values(usage_count=TOOLS.c.usage_count + 1)
)
MARK_ANNOUNCED = (
    sa.update(TASKS)
    .where(TASKS.c.id == sa.bindparam("b_task_id"), without_waiting())
    .values(announced_at=sa.bindparam("b_announced_at"))
)
# A worker may have been faster than the note of its job; then only the number counts: one used is never used again.
_IS_WAITING = sa.func.coalesce(TASKS.c.next_check_at <= db_time(FIRST_CHECK_S), sa.false())
_WAS_PENDING = sa.and_(_IS_WAITING, TASKS.c.status == TaskStatus.PENDING)
MARK_QUEUED = (
    sa.update(TASKS)
    .where(TASKS.c.id == sa.bindparam("b_task_id"), without_waiting())
    .values(
        enqueues=sa.case(
            (TASKS.c.enqueues < sa.bindparam("b_enqueues"), sa.bindparam("b_enqueues")), else_=TASKS.c.enqueues
        ),
        status=sa.case((_WAS_PENDING, TaskStatus.QUEUED), else_=TASKS.c.status),
        enqueued_at=sa.case((_IS_WAITING, db_time()), else_=TASKS.c.enqueued_at),
        queued_at=sa.case((_WAS_PENDING, db_time()), else_=TASKS.c.queued_at),
        next_check_at=sa.case((_IS_WAITING, db_time(LOOK_AGAIN_S)), else_=TASKS.c.next_check_at),
    )
)
FIND_BY_KEY = sa.select(TASKS.c.id, TASKS.c.request_hash).where(
    TASKS.c.user_id == sa.bindparam("b_user_id"), TASKS.c.idempotency_key == sa.bindparam("b_idempotency_key")
)
FIND_INPUT = sa.select(ASSETS.c.verified_at, ASSETS.c.used_at).where(
    ASSETS.c.id == sa.bindparam("b_asset_id"),
    ASSETS.c.user_id == sa.bindparam("b_user_id"),
    ASSETS.c.deleted_at.is_(None),
)
COUNT_FILES = (
    sa.select(sa.func.count())
    .select_from(ASSETS)
    .where(ASSETS.c.id.in_(sa.bindparam("b_asset_ids", expanding=True)), ASSETS.c.deleted_at.is_(None))
)
MARK_USED = sa.update(ASSETS).where(ASSETS.c.id == sa.bindparam("b_asset_id")).values(used_at=sa.bindparam("b_used_at"))
INSERT_TASK = sa.insert(TASKS).values(next_check_at=db_time(FIRST_CHECK_S))
INSERT_STEPS = sa.insert(STEPS)
COUNT_RUNNING = (
    sa.select(sa.func.count())
    .select_from(TASKS)
    .where(TASKS.c.user_id == sa.bindparam("b_user_id"), sa.text(IS_RUNNING))
)
