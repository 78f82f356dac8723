"""The job queues: a job is a dotted name and an id, sent only after the commit; losing one loses nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from funmagic.core.redis import get_redis

log = structlog.get_logger()

RUN_TASK = "worker.jobs.run_task"
CANCEL_REMOTE_JOBS = "worker.jobs.cancel_remote_jobs"
SEND_MAIL = "worker.jobs.send_mail"
# A net below the time that each step has (an hour at most), for a job that does several of them.
JOB_TIMEOUT = 3 * 3600
MAIL_TIMEOUT = 60
CANCEL_TIMEOUT = 120


class QueueName(StrEnum):
    """The queues, in the order workers look at them."""

    MAIL = "mail"
    AI_TASKS = "ai-tasks"
    # For steps whose provider must be listened to for as long as it works: each holds a worker all the while.
    AI_STREAMING = "ai-streaming"


TASK_QUEUES = (QueueName.AI_TASKS, QueueName.AI_STREAMING)


@dataclass(frozen=True)
class TaskJob:
    """The nth job of a task; one that is urgent is done before those that wait already."""

    task_id: str
    number: int
    is_urgent: bool = False
    queue: QueueName = QueueName.AI_TASKS


def enqueue_tasks(*jobs: TaskJob) -> bool:
    """Put jobs on their queues; False when Redis is away, and the clock will do it later."""
    try:
        for name in {job.queue for job in jobs}:
            queue(name).enqueue_many(_prepare(job) for job in jobs if job.queue == name)
    except RedisError as error:
        log.warning("enqueue_failed", task_ids=[job.task_id for job in jobs], error=str(error))
        return False
    return True


def enqueue_cancel(task_id: str) -> None:
    """Have what a cancelled task still runs at its provider stopped soon; with Redis away it runs to its end."""
    try:
        queue(QueueName.AI_TASKS).enqueue_call(
            CANCEL_REMOTE_JOBS,
            args=(task_id,),
            job_id=f"{task_id}-cancel",
            at_front=True,
            timeout=CANCEL_TIMEOUT,
            result_ttl=0,
            failure_ttl=3600,
        )
    except RedisError as error:
        log.warning("cancel_not_enqueued", task_id=task_id, error=str(error))


def enqueue_mail(mail_id: str, attempt: int) -> bool:
    """Put the job of a mail's nth attempt on the queue; False when Redis is away, and the clock will do it later."""
    try:
        queue(QueueName.MAIL).enqueue_call(
            SEND_MAIL,
            args=(mail_id,),
            job_id=f"{mail_id}-{attempt}",
            timeout=MAIL_TIMEOUT,
            result_ttl=0,
            failure_ttl=3600,
        )
    except RedisError as error:
        log.warning("enqueue_failed", mail_id=mail_id, error=str(error))
        return False
    return True


def waiting_ids(*names: QueueName) -> set[str]:
    """The ids of all tasks or mails that have a job waiting on these queues."""
    return {job_id.rpartition("-")[0] for name in names for job_id in queue(name).get_job_ids()}


def queue(name: QueueName) -> Queue:
    """One queue, speaking JSON, so that what waits in Redis is plain data."""
    return Queue(name, connection=get_redis(), serializer=JSONSerializer)


def _prepare(job: TaskJob) -> Any:
    return Queue.prepare_data(
        RUN_TASK,
        args=(job.task_id,),
        job_id=f"{job.task_id}-{job.number}",
        at_front=job.is_urgent,
        timeout=JOB_TIMEOUT,
        result_ttl=0,
        failure_ttl=3600,
    )
