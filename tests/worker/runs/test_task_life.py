"""Any order of deliveries, deaths, cancels and provider moods: each run ends, and is paid once or not at all."""

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.errors import FunMagicError
from funmagic.core.redis import get_redis
from funmagic.models.base import new_id
from funmagic.models.credits import CreditTransaction
from funmagic.models.leases import Lease
from funmagic.models.tasks import ACTIVE_STATUSES, Task
from funmagic.tasks.errors import TaskFinished
from tests.factories import balance_of, books_are_right, make_user, submit, upload_photo
from tests.worker.engine import DONE, Killed, ScriptedProvider, cancel, expire_lease, make_due, output_files, take_jobs
from worker.clock import Clock
from worker.providers.base import ProviderRateLimited, ProviderTimeout, Waiting
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases

RANK = {"pending": 0, "queued": 1, "processing": 2, "completed": 3, "failed": 3}
MOODS = st.sampled_from(["done", "waiting", "limited", "timeout", "bug", "killed", "cancelled", "outlived"])
PICK = st.integers(0, 100)


class Life(RuleBasedStateMachine):
    provider: ScriptedProvider

    def __init__(self):
        super().__init__()
        get_redis().flushall()
        with transaction() as session:
            session.execute(sa.delete(Lease))  # the clock of the example before is gone
        self.provider.script.clear()
        self.viewer = make_user(new_id())
        self.photo = upload_photo(self.viewer)
        self.clock = Clock()
        self.clock._aside = ()  # what begins by the time of day would ask the scripted provider, too
        self.seen: dict[str, str] = {}

    def tasks(self) -> list[Task]:
        with reading() as session:
            return list(session.exec(select(Task).where(Task.user_id == self.viewer.id).order_by(Task.id)))

    def active_tasks(self) -> list[Task]:
        return [task for task in self.tasks() if task.status in ACTIVE_STATUSES]

    def pick(self, number: int, tasks: list[Task]) -> str:
        return tasks[number % len(tasks)].id

    def has_tasks(self) -> bool:
        return bool(self.seen)

    def has_active_tasks(self) -> bool:
        return bool(self.active_tasks())

    def run(self, task_id: str, mood: str) -> None:
        self.provider.script.clear()
        self.provider.answers(self.outcome(task_id, mood))
        try:
            run_task(task_id)
        except Killed:
            expire_lease(task_id)

    def outcome(self, task_id: str, mood: str) -> object:
        plain = {"done": DONE, "waiting": Waiting("job", 0, 0.5), "limited": ProviderRateLimited()}
        plain |= {"timeout": ProviderTimeout(), "bug": RuntimeError("bug"), "killed": Killed()}
        meanwhile = {"cancelled": self.cancel_now, "outlived": self.outlive}
        return plain[mood] if mood in plain else lambda _report: meanwhile[mood](task_id) or DONE

    def cancel_now(self, task_id: str) -> None:
        cancel(self.viewer, task_id)

    def outlive(self, task_id: str) -> None:
        expire_lease(task_id)
        self.clock.tick()
        self.provider.answers(DONE)
        run_task(task_id)

    @initialize()
    def start_two(self):
        self.start()
        self.start()

    @rule()
    def start(self):
        try:
            task = submit(self.viewer, asset_id=self.photo)
        except FunMagicError:
            return
        self.seen[task.id] = task.status

    @precondition(has_active_tasks)
    @rule(number=PICK, moods=st.lists(MOODS, min_size=1, max_size=5), is_delivered_again=st.booleans())
    def deliver(self, number, moods, is_delivered_again):
        task_id = self.pick(number, self.active_tasks())
        for mood in moods:  # it may have ended before the last of them: a duplicate delivery
            if not is_delivered_again:
                take_jobs()
            self.run(task_id, mood)

    @precondition(has_tasks)
    @rule(number=PICK)
    def press_cancel(self, number):
        try:
            cancel(self.viewer, self.pick(number, self.tasks()))
        except TaskFinished:
            return

    @rule()
    def flush_redis(self):
        get_redis().flushall()

    @rule()
    def let_time_pass(self):
        for task in self.tasks():
            if task.next_check_at is not None:
                make_due(task.id)
        self.clock.tick()

    @invariant()
    def no_status_moves_backwards(self):
        for task in self.tasks():
            before = self.seen[task.id]
            assert RANK[task.status] > RANK[before] or task.status == before
            self.seen[task.id] = task.status

    @invariant()
    def every_end_is_settled_its_own_way_and_nothing_else_is(self):
        settled = {"completed": ["reservation", "usage"], "failed": ["release", "reservation"]}
        with reading() as session:
            lines = session.exec(select(CreditTransaction).where(CreditTransaction.user_id == self.viewer.id)).all()
        for task in self.tasks():
            types = sorted(line.type for line in lines if line.task_id == task.id)
            assert types == settled.get(task.status, ["reservation"])
            made = len(output_files(task.id, self.viewer))
            assert made == (task.status == "completed") == len((task.output or {}).get("assetIds", []))

    @invariant()
    def running_tasks_hold_their_price_and_completed_ones_cost_it(self):
        tasks = self.tasks()
        balance = balance_of(self.viewer)
        assert balance.reserved == sum(task.credits_cost for task in tasks if task.status in ACTIVE_STATUSES)
        assert balance.balance == 100 - sum(task.credits_cost for task in tasks if task.status == "completed")
        assert books_are_right()

    def teardown(self):
        """With the provider well again, everything that was started ends."""
        for _ in range(5):
            self.let_time_pass()
            for job in take_jobs():
                self.run(job.rpartition("-")[0], "done")
            if not self.active_tasks():
                break
        self.no_status_moves_backwards()
        assert not self.active_tasks()
        assert balance_of(self.viewer).reserved == 0
        self.every_end_is_settled_its_own_way_and_nothing_else_is()


def test_whatever_happens_every_run_ends_and_is_paid_once_or_not_at_all(provider):
    Life.provider = provider
    run_state_machine_as_test(Life, settings=settings(max_examples=16, stateful_step_count=25, deadline=None))
