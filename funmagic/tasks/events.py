"""Publishes a task's events to its Redis Stream and channel; losing both harms nothing."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlmodel import Session

from funmagic.core.json import Shape
from funmagic.core.redis import get_redis
from funmagic.i18n.translate import _
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.tasks import FailureCode, Task, TaskStatus
from funmagic.tasks.failures import SENTENCES
from funmagic.tasks.views import TaskError, TaskOutput, output_asset, view_error, view_output

log = structlog.get_logger()

SCRIPT = Path(__file__).with_suffix(".lua").read_text()
STREAM_CAP = 500
RUNNING_LIFETIME_S = 24 * 3600
ENDED_LIFETIME_S = 3600


class EventType(StrEnum):
    """What an event says."""

    CONNECTED = "connected"
    STEP_STARTED = "step_started"
    PROGRESS = "progress"
    PARTIAL_RESULT = "partial_result"
    STEP_COMPLETED = "step_completed"
    STEP_FAILED = "step_failed"
    COMPLETED = "completed"
    FAILED = "failed"


TERMINAL_EVENTS = (EventType.COMPLETED, EventType.FAILED)
# The kind of the terminal event, and what it carries.
End = tuple[EventType, dict[str, Any]]


def make_event(task_id: str, type_: EventType, **facts: Any) -> dict[str, Any]:
    """An event in the form clients receive it."""
    return {"taskId": task_id, "timestamp": utcnow().isoformat(), "type": type_, **facts}


def publish(task_id: str, type_: EventType, **facts: Any) -> bool:
    """Append an event to the task's stream and publish it to the channel; False when Redis is away."""
    event = json.dumps(make_event(task_id, type_, **facts))
    is_end = type_ in TERMINAL_EVENTS
    lifetime = ENDED_LIFETIME_S if is_end else RUNNING_LIFETIME_S
    try:
        append = get_redis().register_script(SCRIPT)
        append([stream_key(task_id)], [STREAM_CAP, type_, event, lifetime, int(is_end)])
    except RedisError as error:
        log.warning("event_not_published", task_id=task_id, type=type_, error=str(error))
        return False
    return True


def find_end(session: Session, task_id: str) -> End | None:
    """The terminal event that a task's row implies; None while the task is active."""
    task = session.get_one(Task, task_id)
    if task.status == TaskStatus.COMPLETED:
        return EventType.COMPLETED, _plain("output", view_output(session, task))
    if error := view_error(task):
        return EventType.FAILED, _plain("error", error)
    return None


def completed_end(assets: list[Asset]) -> End:
    """The terminal event of a task that completed and made these files."""
    return EventType.COMPLETED, _plain("output", TaskOutput(assets=[output_asset(asset) for asset in assets]))


def failed_end(code: FailureCode) -> End:
    """The terminal event of a task that failed for this reason."""
    return EventType.FAILED, _plain("error", TaskError(code=code, message=_(SENTENCES[code])))


def _plain(name: str, shape: Shape) -> dict[str, Any]:
    return {name: shape.model_dump(mode="json", by_alias=True)}


def stream_key(task_id: str) -> str:
    """The name of a task's stream, and of the channel to which its events are published."""
    return f"task:{task_id}:events"
