"""A run that is cancelled while fal.ai works on it: fal is told, by a real job, and the slot is free."""

import json

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlmodel import select

from funmagic.core.db import transaction
from funmagic.core.queues import QueueName, queue
from funmagic.core.redis import new_worker_redis
from funmagic.core.settings import get_settings
from funmagic.models.tasks import TaskStep
from funmagic.providers.service import set_provider
from tests.factories import balance_of, books_are_right, load_task, submit
from tests.ports import free_port
from tests.worker.engine import cancel, take_jobs
from worker.limits.limiter import slots_in_use
from worker.runs.run import run_task

pytestmark = pytest.mark.usefixtures("fal_tool")


def run_at_fal(viewer, fal):
    with transaction() as session:
        set_provider(session, "fal", config={"rateLimit": {"maxConcurrency": 1}})
    fal.script("never")
    task = submit(viewer)
    run_task(task.id)
    take_jobs()
    assert slots() == 1
    return task.id


def slots():
    return slots_in_use("web", "fal")


def work_off_the_queue():
    worker = SimpleWorker([queue(QueueName.AI_TASKS)], connection=new_worker_redis(), serializer=JSONSerializer)
    worker.work(burst=True, logging_level="WARNING")
    assert queue(QueueName.AI_TASKS).failed_job_registry.count == 0


def test_fal_is_told_to_stop_and_the_slot_is_free(alice, fal):
    task_id = run_at_fal(alice, fal)
    cancel(alice, task_id)
    work_off_the_queue()
    [job] = fal.jobs.values()
    assert (job.cancelled, slots()) == (True, 0)
    assert (load_task(task_id).error_code, balance_of(alice).reserved) == ("CANCELLED", 0)
    assert books_are_right()


def move_away(address):
    """From now on fal is at an address where nobody answers, and so are its jobs."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    with transaction() as session:
        set_provider(session, "fal", base_url=nowhere)
        for step in session.exec(select(TaskStep)):
            step.response = json.loads(json.dumps(step.response).replace(address, nowhere))


def test_with_fal_away_nothing_breaks_and_the_slot_waits_for_its_lease(alice, fal, fal_address, monkeypatch):
    task_id = run_at_fal(alice, fal)
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    move_away(fal_address)
    cancel(alice, task_id)
    work_off_the_queue()
    [job] = fal.jobs.values()
    assert (job.cancelled, slots()) == (False, 1)
    assert load_task(task_id).error_code == "CANCELLED"
