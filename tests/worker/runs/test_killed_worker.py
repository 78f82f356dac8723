"""Real worker and clock processes, and a kill -9 in the middle of a run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from funmagic.core.db import reading
from funmagic.models.assets import Asset
from tests.factories import (
    balance_of,
    books_are_right,
    load_task,
    submit,
    wait_until,
)
from tests.servers import PROJECT
from tests.waiting import PATIENCE_S
from tests.worker.engine import output_files, waiting_jobs

pytestmark = pytest.mark.usefixtures("redis", "models")
# A worker whose provider never comes back.
STUCK_WORKER = """
import threading
from worker.main import run_worker
from worker.providers import registry

class Stuck:
    def start(self, work, report):
        threading.Event().wait()

registry.ADAPTERS["local"] = lambda account: Stuck()
run_worker([])
"""
# A worker whose provider is done at once, but not before it is let.
HELD_WORKER = """
import sys, time
from pathlib import Path
from worker.main import run_worker
from worker.providers import registry
from worker.providers.base import Done
from worker.providers.results import picture_file

class Held:
    def start(self, work, report):
        while not Path(sys.argv[1]).exists():
            time.sleep(0.01)
        return Done([picture_file(work.files["assetId"].data)])

registry.ADAPTERS["local"] = lambda account: Held()
run_worker([])
"""


@pytest.fixture
def start(tmp_path: Path):
    """Starts one of the product's processes on this test's data; what is left at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(command: str = "", program: str = "", *words: str) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"{len(started)}.log").open("wb")
        words = ("-c", program, *words) if program else ("-m", "funmagic", command)
        process = subprocess.Popen([sys.executable, *words], cwd=PROJECT, env=os.environ, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def has_ended(task_id: str) -> bool:
    return load_task(task_id).finished_at is not None


def assert_completed_once(viewer, task_id, price=5):
    task = load_task(task_id)
    assert (task.status, task.error_code) == ("completed", None)
    with reading() as session:
        outputs = session.exec(select(Asset).where(Asset.task_id == task_id)).all()
    assert task.output == {"assetIds": [asset.id for asset in outputs]}
    assert len(outputs) == 1
    assert len(output_files(task_id, viewer)) == len(outputs[0].stored_keys)
    assert (balance_of(viewer).balance, balance_of(viewer).reserved) == (100 - price, 0)
    assert books_are_right()


def test_a_run_whose_worker_is_killed_completes_with_another_and_is_charged_once(alice, start, tmp_path):
    task = submit(alice)
    start("clock")
    first = start("", HELD_WORKER, str(tmp_path / "never"))
    wait_until(lambda: load_task(task.id).status == "processing")
    first.kill()
    first.wait()
    start("worker")
    wait_until(lambda: has_ended(task.id))
    assert load_task(task.id).attempts == 2
    assert_completed_once(alice, task.id)


def test_a_clock_that_is_killed_is_replaced_by_its_spare(alice, start):
    leader = start("clock")
    task = submit(alice)
    wait_until(lambda: waiting_jobs() == [f"{task.id}-1"])
    leader.send_signal(signal.SIGSTOP)
    start("clock")
    leader.kill()
    start("worker")
    wait_until(lambda: has_ended(task.id))
    assert_completed_once(alice, task.id)


def test_a_worker_finishes_the_run_it_has_before_it_stops(alice, start, tmp_path):
    task = submit(alice)
    worker = start("", HELD_WORKER, str(tmp_path / "go on"))
    wait_until(lambda: load_task(task.id).status == "processing")
    worker.send_signal(signal.SIGTERM)
    (tmp_path / "go on").touch()
    worker.wait(PATIENCE_S)
    assert load_task(task.id).attempts == 1
    assert_completed_once(alice, task.id)


def test_a_worker_that_cannot_finish_in_time_hands_its_run_back(alice, start):
    task = submit(alice)
    stuck = start(program=STUCK_WORKER)
    wait_until(lambda: load_task(task.id).status == "processing")
    stuck.send_signal(signal.SIGTERM)
    assert stuck.wait(PATIENCE_S) == 0
    assert load_task(task.id).leased_until is None
    start("clock")
    start("worker")
    wait_until(lambda: has_ended(task.id))
    assert load_task(task.id).attempts == 1
    assert_completed_once(alice, task.id)
