"""Starting a run: check, hold the price, insert the task; one transaction, once per Idempotency-Key."""

import hashlib
import json
from dataclasses import astuple, dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from funmagic.accounts.errors import EmailUnverified
from funmagic.catalogue.service import PlannedStep, find_runnable_tool, plan_steps
from funmagic.core.db import after_commit, execute_rows, reading, transaction
from funmagic.core.errors import FunMagicError, IdempotencyConflict
from funmagic.core.queues import TaskJob
from funmagic.core.settings import get_settings
from funmagic.credits import ledger
from funmagic.library.verification import verify_upload
from funmagic.models.base import new_id, utcnow
from funmagic.models.tasks import Task, TaskStep
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import check_rate
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.dispatch import dispatch_tasks
from funmagic.tasks.errors import PriceChanged, TooManyTasks
from funmagic.tasks.references import check_input, check_parent, find_unseen, mark_used
from funmagic.tasks.statements import COUNT_RUNNING, FIND_BY_KEY, INSERT_STEPS, INSERT_TASK
from funmagic.tasks.views import TaskView, view_new_task, view_tasks


@dataclass(frozen=True)
class Submission:
    """What a person asks for: a tool (or one step of it), the input, and the key that makes asking twice harmless."""

    tool_slug: str
    idempotency_key: str
    step_id: str | None = None
    parent_task_id: str | None = None
    input: dict[str, Any] = field(default_factory=dict)
    # The price that the person was told; None where nobody told one.
    expected_credits: int | None = None

    @property
    def request_hash(self) -> str:
        """A digest of everything asked for: the same key may only come with the same request."""
        return hashlib.sha256(json.dumps(astuple(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Plan:
    """What a run will do, as the tool is configured, and the files that it works on."""

    tool: sa.Row[Any]
    steps: list[PlannedStep]
    cost: int
    asset_ids: list[str]


def submit_task(viewer: Viewer, submission: Submission) -> tuple[TaskView, bool]:
    """Hold the price and start a run; returns the task, and whether this call made it.

    It opens its own transactions: a new upload is looked at in between, with no lock held while the store is read.
    """
    try:
        check_rate(Category.TASK_CREATION, viewer.id, viewer.lifetime_purchased)
        with reading() as session:
            plan = _make_plan(session, viewer, submission)
            unseen = find_unseen(session, viewer, plan.asset_ids)
        for asset_id in unseen:
            verify_upload(viewer, asset_id)
        with transaction() as session:
            return _insert_task(session, viewer, submission, plan), True
    except (FunMagicError, IntegrityError):
        # Whoever asks again gets their task, whatever would be wrong with a new one: the key is used, and so may be
        # the credits, or the photo or the tool are no longer there.
        with reading() as session:
            earlier = _find_earlier(session, viewer, submission)
        if earlier is None:
            raise
        return earlier, False


def _find_earlier(session: Session, viewer: Viewer, submission: Submission) -> TaskView | None:
    asked = {"b_user_id": viewer.id, "b_idempotency_key": submission.idempotency_key}
    earlier = session.execute(FIND_BY_KEY, asked).one_or_none()
    if earlier is None:
        return None
    if earlier.request_hash != submission.request_hash:
        raise IdempotencyConflict
    return view_tasks(session, [session.get_one(Task, earlier.id)], with_children=True)[0]


def _make_plan(session: Session, viewer: Viewer, submission: Submission) -> _Plan:
    if get_settings().verifies_emails and not viewer.is_verified:
        raise EmailUnverified
    tool = find_runnable_tool(session, submission.tool_slug, viewer)
    steps = plan_steps(tool, submission.step_id)
    cost = sum(step.credits for step in steps)
    if submission.expected_credits not in (None, cost):
        raise PriceChanged(price=cost)
    check_parent(session, viewer, tool, submission.parent_task_id, steps[0].kind)
    return _Plan(tool, steps, cost, check_input(tool, submission.input, steps))


def _insert_task(session: Session, viewer: Viewer, submission: Submission, plan: _Plan) -> TaskView:
    task = {
        "id": new_id(),
        "created_at": utcnow(),
        "user_id": viewer.id,
        "tool_id": plan.tool.id,
        "step_id": submission.step_id,
        "parent_task_id": submission.parent_task_id,
        "credits_cost": plan.cost,
        "input": submission.input,
        "idempotency_key": submission.idempotency_key,
        "request_hash": submission.request_hash,
    }
    steps = [_step(task["id"], *numbered) for numbered in enumerate(plan.steps)]
    mark_used(session, viewer, plan.asset_ids)
    session.execute(INSERT_TASK, task)
    # Holding the credits locks the account, so that the count after it is right under parallel submits.
    ledger.reserve(session, viewer.id, plan.cost, task_id=task["id"], description=plan.tool.title)
    _check_running_limit(session, viewer)
    execute_rows(session, INSERT_STEPS, steps)
    after_commit(session, partial(dispatch_tasks, TaskJob(task["id"], 1, queue=plan.steps[0].queue)))
    return view_new_task(Task(**task), [TaskStep(**step) for step in steps], plan.tool.slug)


def _step(task_id: str, position: int, step: PlannedStep) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "step_id": step.kind.id,
        "position": position,
        "provider": step.provider,
        "model": step.model,
        "queue": step.queue,
        "timeout_s": step.timeout_s,
        "request": {"options": step.options},
    }


def _check_running_limit(session: Session, viewer: Viewer) -> None:
    limit = get_settings().max_running_tasks
    if session.execute(COUNT_RUNNING, {"b_user_id": viewer.id}).scalar_one() > limit:
        raise TooManyTasks(limit=limit)
