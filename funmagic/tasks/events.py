"""Telling those who watch: a Redis Stream per task, which may vanish at any time without harm."""

import json
from enum import StrEnum
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlmodel import Session

from funmagic.models.base import utcnow
from funmagic.models.tasks import Task, TaskStatus
from funmagic.redis_client import get_redis
from funmagic.tasks.views import view_error, view_output

log = structlog.get_logger()

STREAM_CAP = 500
RUNNING_LIFETIME_S = 24 * 3600
ENDED_LIFETIME_S = 3600


class EventType(StrEnum):
    """What an event says."""

    CONNECTED = "connected"
    STEP_STARTED = "step_started"
    PROGRESS = "progress"
    STEP_COMPLETED = "step_completed"
    STEP_FAILED = "step_failed"
    COMPLETED = "completed"
    FAILED = "failed"


TERMINAL_EVENTS = (EventType.COMPLETED, EventType.FAILED)


def make_event(task_id: str, type_: EventType, **facts: Any) -> dict[str, Any]:
    """An event in the form clients receive it."""
    return {"taskId": task_id, "timestamp": utcnow().isoformat(), "type": type_, **facts}


def publish(task_id: str, type_: EventType, **facts: Any) -> bool:
    """Append an event to the task's stream; False when Redis is away."""
    key = stream_key(task_id)
    event = json.dumps(make_event(task_id, type_, **facts))
    is_end = type_ in TERMINAL_EVENTS
    try:
        with get_redis().pipeline(transaction=True) as pipe:
            pipe.xadd(key, {"event": event}, maxlen=STREAM_CAP, approximate=True)
            pipe.expire(key, ENDED_LIFETIME_S) if is_end else pipe.ttl(key)
            _, lifetime = pipe.execute()
        if not is_end and lifetime < 0:
            # Only a new stream: an event that comes late must not keep an ended one for a day.
            get_redis().expire(key, RUNNING_LIFETIME_S)
    except RedisError as error:
        log.warning("event_not_published", task_id=task_id, type=type_, error=str(error))
        return False
    return True


def find_end(session: Session, task_id: str) -> tuple[EventType, dict[str, Any]] | None:
    """How the end of a task is told: the kind of event, and what it carries; None while the task goes on."""
    task = session.get_one(Task, task_id)
    if task.status == TaskStatus.COMPLETED:
        return EventType.COMPLETED, {"output": view_output(session, task).model_dump(mode="json", by_alias=True)}
    if error := view_error(task):
        return EventType.FAILED, {"error": error.model_dump(mode="json", by_alias=True)}
    return None


def stream_key(task_id: str) -> str:
    """The stream of one task's events."""
    return f"task:{task_id}:events"
