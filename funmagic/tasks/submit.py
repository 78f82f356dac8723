"""Starting a run: check, hold the price, insert the task; one transaction, once per Idempotency-Key."""

import hashlib
import json
from dataclasses import astuple, dataclass, field
from functools import partial
from typing import Any

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
from funmagic.models.tasks import Task
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import check_rate
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.dispatch import dispatch_tasks
from funmagic.tasks.errors import PriceChanged, TooManyTasks
from funmagic.tasks.references import UnseenUpload, check_input, check_parent
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


def submit_task(viewer: Viewer, submission: Submission) -> tuple[TaskView, bool]:
    """Hold the price and start a run; returns the task, and whether this call made it.

    It opens its own transactions: a new upload is looked at in between, with no lock held while the store is read.
    """
    try:
        check_rate(Category.TASK_CREATION, viewer.id, viewer.lifetime_purchased)
        return _insert_once_seen(viewer, submission), True
    except (FunMagicError, IntegrityError):
        # Whoever asks again gets their task, whatever would be wrong with a new one: the key is used, and so may be
        # the credits, or the photo or the tool are no longer there.
        with reading() as session:
            earlier = _find_earlier(session, viewer, submission)
        if earlier is None:
            raise
        return earlier, False


def _insert_once_seen(viewer: Viewer, submission: Submission) -> TaskView:
    while True:
        try:
            with transaction() as session:
                return _insert_task(session, viewer, submission)
        except UnseenUpload as unseen:
            verify_upload(viewer, unseen.asset_id)


def _find_earlier(session: Session, viewer: Viewer, submission: Submission) -> TaskView | None:
    asked = {"user": viewer.id, "key": submission.idempotency_key}
    earlier = session.execute(FIND_BY_KEY, asked).one_or_none()
    if earlier is None:
        return None
    if earlier.request_hash != submission.request_hash:
        raise IdempotencyConflict
    return view_tasks(session, [session.get_one(Task, earlier.id)], with_children=True)[0]


def _insert_task(session: Session, viewer: Viewer, submission: Submission) -> TaskView:
    if get_settings().verifies_emails and not viewer.is_verified:
        raise EmailUnverified
    tool = find_runnable_tool(session, submission.tool_slug, viewer)
    planned = plan_steps(tool, submission.step_id)
    cost = sum(step.credits for step in planned)
    if submission.expected_credits not in (None, cost):
        raise PriceChanged(price=cost)
    task = {
        "id": new_id(),
        "created_at": utcnow(),
        "user_id": viewer.id,
        "tool_id": tool.id,
        "step_id": submission.step_id,
        "parent_task_id": submission.parent_task_id,
        "credits_cost": cost,
        "input": submission.input,
        "idempotency_key": submission.idempotency_key,
        "request_hash": submission.request_hash,
    }
    check_parent(session, viewer, tool, submission.parent_task_id, planned[0].kind)
    check_input(session, viewer, tool, submission.input, planned)
    session.execute(INSERT_TASK, task)
    # Holding the credits locks the account, so that the count after it is right under parallel submits.
    ledger.reserve(session, viewer.id, cost, task_id=task["id"], description=tool.title)
    _check_running_limit(session, viewer)
    execute_rows(session, INSERT_STEPS, [_step(task["id"], *numbered) for numbered in enumerate(planned)])
    after_commit(session, partial(dispatch_tasks, TaskJob(task["id"], 1, queue=planned[0].queue)))
    return view_new_task(task, tool.slug, [step.kind.id for step in planned])


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
    if session.execute(COUNT_RUNNING, {"user": viewer.id}).scalar_one() > limit:
        raise TooManyTasks(limit=limit)
