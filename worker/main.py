"""A worker process: one warm RQ SimpleWorker, recycled after a number of jobs."""

import gc
import os
import threading
import time

import structlog
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from funmagic.core.queues import QueueName
from funmagic.core.redis import get_redis, new_worker_redis
from funmagic.core.telemetry.counters import hand_over
from funmagic.core.telemetry.traces import configure_tracing, end_tracing
from worker import jobs  # noqa: F401 - loads what every job needs before the first one arrives
from worker.runs.heartbeat import hand_back

log = structlog.get_logger()

JOBS_PER_LIFE = 5000
# How long a dead worker stays listed while it was idle. RQ only lists; leases are what keeps tasks safe.
WORKER_TTL_S = 30
# Shorter than the supervisor's patience, and than any orchestrator's.
FINISH_WITHIN_S = 7.0


class Worker(SimpleWorker):
    """Reconnects within seconds when Redis comes back, and stops within the supervisor's patience."""

    max_connection_wait_time = 5.0

    def handle_warm_shutdown_request(self) -> None:
        """Finish the run in hand; one that takes too long is handed back, and another worker takes it up."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        timer = threading.Timer(FINISH_WITHIN_S, _leave)
        timer.daemon = True
        timer.start()


def run_worker(queue_names: list[str]) -> None:
    """Work until asked to stop, or until enough jobs are done for a fresh start; waits while Redis is away."""
    queues = [QueueName(name) for name in queue_names] or list(QueueName)
    configure_tracing("worker")
    _wait_for_redis()
    # What is loaded by now stays for ever: the collector need not look at it again between runs.
    gc.collect()
    gc.freeze()
    worker = Worker(
        queues,
        connection=new_worker_redis(),
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.work(max_jobs=JOBS_PER_LIFE, logging_level="WARNING")


def _leave() -> None:
    log.info("handing_back")
    hand_back()
    hand_over()
    end_tracing()
    os._exit(0)  # the main thread may be deep in a computation that nothing interrupts


def _wait_for_redis() -> None:
    while True:
        try:
            get_redis().ping()
        except RedisError as error:
            log.warning("waiting_for_redis", error=str(error))
            time.sleep(1)
        else:
            return
