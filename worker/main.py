"""A worker process: one warm RQ SimpleWorker, recycled after a number of jobs."""

import time

import structlog
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from funmagic.queues import QueueName
from funmagic.redis_client import get_redis, new_worker_redis
from funmagic.telemetry.traces import configure_tracing
from worker import jobs  # noqa: F401 - loads everything a job needs before the first one arrives

log = structlog.get_logger()

JOBS_PER_LIFE = 500
# How long a dead worker stays listed while it was idle. RQ only lists; leases are what keeps tasks safe.
WORKER_TTL_S = 30


class Worker(SimpleWorker):
    """Reconnects within seconds when Redis comes back."""

    max_connection_wait_time = 5.0


def run_worker(queue_names: list[str]) -> None:
    """Work until asked to stop, or until enough jobs are done for a fresh start; waits while Redis is away."""
    queues = [QueueName(name) for name in queue_names] or list(QueueName)
    configure_tracing("worker")
    _wait_for_redis()
    worker = Worker(
        queues,
        connection=new_worker_redis(),
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.work(max_jobs=JOBS_PER_LIFE, logging_level="WARNING")


def _wait_for_redis() -> None:
    while True:
        try:
            get_redis().ping()
        except RedisError as error:
            log.warning("waiting_for_redis", error=str(error))
            time.sleep(1)
        else:
            return
