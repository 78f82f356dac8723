"""The engine in tests: a provider that does as it is told, workers that die, jobs to take."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from funmagic.core.db import transaction
from funmagic.core.queues import QueueName, queue
from funmagic.core.redis import get_redis
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import AssetKind
from funmagic.models.base import db_time
from funmagic.models.providers import Provider
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.events import stream_key
from funmagic.tasks.service import cancel_task
from tests.factories import change_task, configure_step, photo_bytes
from worker.providers.base import Done, OutputFile, Report, Waiting, Work
from worker.providers.registry import ADAPTERS
from worker.runs.run import run_task

OUTPUT = OutputFile(photo_bytes(format="PNG"), AssetKind.IMAGE, "image/png", "png", width=64, height=48)
DONE = Done([OUTPUT], usage={"seconds": 1})


class Killed(BaseException):
    """The worker process dies here: no handler of ours may see it."""


class ScriptedProvider:
    """Plays its script and notes each call: values are answered, exceptions raised, functions called; then DONE.

    Asked to stop a job it does not, and it is well, unless the script says otherwise.
    """

    def __init__(self) -> None:
        self.script: deque[Any] = deque()
        self.calls: list[str] = []
        self.works: list[Work] = []

    def answers(self, *outcomes: Any) -> None:
        self.script.extend(outcomes)

    def start(self, work: Work, report: Report) -> Done | Waiting:
        self.works.append(work)
        return self._play("start", report)

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:
        self.works.append(work)
        return self._play(f"check {provider_job_id}", report)

    def cancel(self, provider_job_id: str, work: Work) -> bool:
        self.works.append(work)
        return self._play_or(False, f"cancel {provider_job_id}")

    def check_health(self) -> None:
        self._play_or(None, "check_health")

    def _play(self, call: str, report: Report) -> Done | Waiting:
        outcome = self._play_or(DONE, call)
        return outcome(report) if isinstance(outcome, Callable) else outcome

    def _play_or(self, usual: Any, call: str) -> Any:
        self.calls.append(call)
        outcome = self.script.popleft() if self.script else usual
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def install(provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    """Make a provider the one that Background Remove uses: its type, its row, and the step's configuration."""
    monkeypatch.setitem(ADAPTERS, "scripted", lambda _account: provider)
    with transaction() as session:
        session.add(Provider(name="scripted", display_name="Scripted", type="scripted"))
    configure_step(provider="scripted")
    return provider


def expire_lease(task_id: str) -> None:
    """The worker stopped beating long ago."""
    change_task(task_id, leased_until=db_time(-1))


def run_and_die(task_id: str) -> None:
    """Deliver a task to a worker that dies on it, by the provider's script, and let its lease run out."""
    with pytest.raises(Killed):
        run_task(task_id)
    expire_lease(task_id)


def make_due(task_id: str) -> None:
    """Set a waiting task's next check to the past."""
    change_task(task_id, next_check_at=db_time(-1))


def cancel(viewer: Viewer, task_id: str) -> None:
    """The owner presses Cancel."""
    with transaction() as session:
        cancel_task(session, viewer, task_id)


def waiting_jobs(name: QueueName = QueueName.AI_TASKS) -> list[str]:
    """The ids of the jobs on a queue, in order."""
    return queue(name).get_job_ids()


def take_jobs() -> list[str]:
    """Empty the queue, as workers would; returns the ids of its jobs."""
    jobs = waiting_jobs()
    queue(QueueName.AI_TASKS).empty()
    return jobs


def events_of(task_id: str) -> list[dict[str, Any]]:
    """What the task's watchers were told so far."""
    return [json.loads(fields[b"event"]) for _, fields in get_redis().xrange(stream_key(task_id))]


def output_files(task_id: str, viewer: Viewer) -> list[str]:
    """The names of the files in the store that some attempt at the task made."""
    prefix = f"outputs/{viewer.id}/{task_id}/"
    return sorted(key.removeprefix(prefix) for key in get_storage().list_keys(PRIVATE_BUCKET, prefix))
