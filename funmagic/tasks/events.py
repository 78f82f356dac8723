"""Telling those who watch: a Redis Stream per task, which may vanish at any time without harm."""

import json
from enum import StrEnum
from typing import Any

import structlog
from redis.exceptions import RedisError

from funmagic.models.base import utcnow
from funmagic.models.tasks import TaskStatus
from funmagic.redis_client import get_redis
from funmagic.tasks.views import TaskView

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
    try:
        with get_redis().pipeline(transaction=True) as pipe:
            pipe.xadd(key, {"event": event}, maxlen=STREAM_CAP, approximate=True)
            pipe.ttl(key)
            _, lifetime = pipe.execute()
        if type_ in TERMINAL_EVENTS:
            get_redis().expire(key, ENDED_LIFETIME_S)
        elif lifetime < 0:
            # Only a new stream: an event that comes late must not keep an ended one for a day.
            get_redis().expire(key, RUNNING_LIFETIME_S)
    except RedisError as error:
        log.warning("event_not_published", task_id=task_id, type=type_, error=str(error))
        return False
    return True


def terminal_facts(task: TaskView) -> tuple[EventType, dict[str, Any]]:
    """How the end of a task is told: the kind of event, and what it carries."""
    if task.status == TaskStatus.COMPLETED:
        return EventType.COMPLETED, {"output": task.output and task.output.model_dump(mode="json", by_alias=True)}
    return EventType.FAILED, {"error": task.error and task.error.model_dump(mode="json", by_alias=True)}


def stream_key(task_id: str) -> str:
    """The stream of one task's events."""
    return f"task:{task_id}:events"
