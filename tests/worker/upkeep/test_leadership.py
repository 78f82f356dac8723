"""Of several clocks one acts; a spare takes over when the leader is gone."""

import pytest
import sqlalchemy as sa

from funmagic.core.db import transaction
from funmagic.models.base import db_time
from funmagic.models.leases import Lease
from tests.factories import run_together, submit
from tests.worker.engine import make_due, take_jobs, waiting_jobs
from worker.clock import Clock
from worker.upkeep.leadership import drop_lease, hold_lease

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def _always_renew(monkeypatch):
    """A clock looks at its lease at every tick."""
    monkeypatch.setattr("worker.clock.RENEW_S", 0)


def hold(name, holder):
    with transaction() as session:
        return hold_lease(session, name, holder)


def expire():
    with transaction() as session:
        session.execute(sa.update(Lease).values(expires_at=db_time(-1)))


def acts(clock, task_id):
    """Whether the clock wakes a task that is due."""
    take_jobs()
    make_due(task_id)
    clock.tick()
    return bool(waiting_jobs())


def test_one_holder_at_a_time_who_may_renew(db):
    assert hold("job", "ann")
    assert not hold("job", "ben")
    assert hold("job", "ann")
    assert hold("other", "ben")


def test_an_expired_lease_goes_to_whoever_asks_first(db):
    hold("job", "ann")
    expire()
    assert hold("job", "ben")
    assert not hold("job", "ann")


def test_a_dropped_lease_is_free_and_only_its_holder_can_drop_it(db):
    hold("job", "ann")
    for holder, is_free in (("ben", False), ("ann", True)):
        with transaction() as session:
            drop_lease(session, "job", holder)
        assert hold("job", "carl") == is_free


@pytest.mark.parametrize("before", ["nobody", "expired"])
def test_of_many_threads_one_takes_the_lease(db, before):
    if before == "expired":
        hold("job", "zoe")
        expire()
    names = iter("abcdefghijkl")
    assert sum(run_together(12, lambda: hold("job", next(names)))) == 1


def test_only_the_leading_clock_acts(alice, redis):
    task, leader, spare = submit(alice), Clock(), Clock()
    assert [acts(clock, task.id) for clock in (leader, spare, leader, spare)] == [True, False, True, False]


def test_a_spare_clock_takes_over_when_the_lease_runs_out(alice, redis):
    task, dead, spare = submit(alice), Clock(), Clock()
    assert acts(dead, task.id)
    expire()
    assert acts(spare, task.id)
    assert not acts(dead, task.id)


def test_a_spare_clock_takes_over_at_once_when_the_leader_resigns(alice, redis):
    task, leader, spare = submit(alice), Clock(), Clock()
    assert acts(leader, task.id)
    spare.resign()
    assert not acts(spare, task.id)
    leader.resign()
    assert acts(spare, task.id)
