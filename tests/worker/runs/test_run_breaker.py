"""Runs at a provider that is down: after some failures the others fail at once, unasked, and lose nothing."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.providers import Provider
from funmagic.models.tasks import FailureCode
from funmagic.providers import breakers
from funmagic.providers.breakers import BreakerState, read_breakers
from funmagic.providers.service import set_provider
from funmagic.tasks.failures import SENTENCES
from tests.factories import balance_of, books_are_right, load_task, submit
from tests.worker.engine import make_due
from worker.limits.breaker import COOL_DOWN_S, MOST_FAILURES, record_outcome
from worker.limits.limiter import slots_in_use
from worker.providers.base import (
    AccountRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
    Waiting,
)
from worker.runs.run import run_task

DOWN = ProviderUnavailable("HTTP 503")
BEGIN_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(breakers, "CLOCK_MS", BEGIN_MS)


def cool_down(monkeypatch):
    monkeypatch.setattr(breakers, "CLOCK_MS", BEGIN_MS + round(COOL_DOWN_S * 1000))


def run(viewer):
    task = submit(viewer)
    run_task(task.id)
    return load_task(task.id)


def fail_until_open(viewer, provider):
    provider.answers(*[DOWN] * MOST_FAILURES)
    for _ in range(MOST_FAILURES):
        run(viewer)
    provider.calls.clear()


def state():
    return read_breakers("web", ["scripted"])["scripted"].state


def test_runs_fail_at_once_with_a_friendly_word_and_their_credits_back(alice, provider):
    fail_until_open(alice, provider)
    task = run(alice)
    assert provider.calls == []
    assert (task.status, task.error_code) == ("failed", FailureCode.PROVIDER)
    assert task.error_message == SENTENCES[FailureCode.PROVIDER]
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert books_are_right()


def test_after_the_pause_one_run_tries_it_and_all_is_as_before(alice, provider, monkeypatch):
    fail_until_open(alice, provider)
    cool_down(monkeypatch)
    assert [run(alice).status for _ in range(3)] == ["completed"] * 3
    assert state() is BreakerState.CLOSED


def test_a_run_that_is_under_way_is_looked_at_all_the_same(alice, provider):
    provider.answers(Waiting("job-1", 5))
    under_way = submit(alice)
    run_task(under_way.id)
    fail_until_open(alice, provider)
    make_due(under_way.id)
    run_task(under_way.id)
    assert load_task(under_way.id).status == "completed"
    assert state() is BreakerState.OPEN


def test_looks_that_fail_open_it_and_end_no_run(alice, provider):
    provider.answers(Waiting("job-1", 5), *[Waiting("job-1", 5, trouble=DOWN)] * MOST_FAILURES)
    task = submit(alice)
    for _ in range(MOST_FAILURES + 1):
        run_task(task.id)
    assert (state(), load_task(task.id).status) == (BreakerState.OPEN, "processing")


@pytest.mark.parametrize("error", [ProviderRejected(), ProviderRateLimited(1)])
def test_refusals_of_single_runs_open_nothing(alice, provider, error):
    provider.answers(*[error] * 4 * MOST_FAILURES)
    for _ in range(MOST_FAILURES):
        run(alice)
    assert state() is BreakerState.CLOSED


def test_a_refused_account_opens_it_at_once_and_the_provider_is_unhealthy(alice, provider):
    provider.answers(AccountRefused("HTTP 402"))
    assert run(alice).error_code == FailureCode.PROVIDER
    assert state() is BreakerState.OPEN
    with reading() as session:
        assert not session.exec(select(Provider.is_healthy).where(Provider.name == "scripted")).one()


def test_a_run_that_may_try_it_and_finds_no_slot_lets_others_try(alice, provider, monkeypatch):
    with transaction() as session:
        set_provider(session, "scripted", config={"rateLimit": {"maxConcurrency": 1}})
    provider.answers(Waiting("job-1", 5))
    run(alice)
    assert slots_in_use("web", "scripted") == 1
    fail_by_looks()
    cool_down(monkeypatch)
    assert [run(alice).status for _ in range(2)] == ["processing"] * 2
    assert state() is BreakerState.HALF_OPEN


def fail_by_looks():
    """Have it opened by somebody else's looks: here there is one slot, and it is taken."""
    for _ in range(MOST_FAILURES):
        record_outcome("web", "scripted", DOWN)
