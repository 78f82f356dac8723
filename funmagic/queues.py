"""The job queues: a job is a dotted name and an id, sent only after the commit; losing one loses nothing."""

from dataclasses import dataclass
from enum import StrEnum

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from funmagic.redis_client import get_redis

log = structlog.get_logger()

RUN_TASK = "worker.jobs.run_task"
SEND_MAIL = "worker.jobs.send_mail"
# A local step computes; a remote one gives the worker back within seconds. Nothing runs for longer than this.
JOB_TIMEOUT = 300
MAIL_TIMEOUT = 60


class QueueName(StrEnum):
    """The queues, in the order workers look at them."""

    MAIL = "mail"
    AI_TASKS = "ai-tasks"


@dataclass(frozen=True)
class TaskJob:
    """The nth job of a task; one that is urgent is done before those that wait already."""

    task_id: str
    number: int
    is_urgent: bool = False


def enqueue_tasks(*jobs: TaskJob) -> bool:
    """Put jobs on the queue; False when Redis is away, and the clock will do it later."""
    try:
        queue(QueueName.AI_TASKS).enqueue_many(
            Queue.prepare_data(
                RUN_TASK,
                args=(job.task_id,),
                job_id=f"{job.task_id}-{job.number}",
                at_front=job.is_urgent,
                timeout=JOB_TIMEOUT,
                result_ttl=0,
                failure_ttl=3600,
            )
            for job in jobs
        )
    except RedisError as error:
        log.warning("enqueue_failed", task_ids=[job.task_id for job in jobs], error=str(error))
        return False
    return True


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


def waiting_ids(name: QueueName) -> set[str]:
    """The ids of all tasks or mails that have a job waiting on a queue."""
    return {job_id.rpartition("-")[0] for job_id in queue(name).get_job_ids()}


def queue(name: QueueName) -> Queue:
    """One queue, speaking JSON, so that what waits in Redis is plain data."""
    return Queue(name, connection=get_redis(), serializer=JSONSerializer)
