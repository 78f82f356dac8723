"""A provider that keeps failing is left alone, tried by one, and used again once it works; all workers agree on it."""

import itertools

import pytest

from funmagic.core.db import transaction
from funmagic.core.redis import get_redis
from funmagic.providers import breakers
from funmagic.providers.breakers import Breaker, BreakerState, close_breaker, read_breakers
from funmagic.providers.service import set_provider
from tests.factories import run_together
from worker.limits.breaker import (
    COOL_DOWN_S,
    LONGEST_COOL_DOWN_S,
    MOST_FAILURES,
    PROBE_LEASE_S,
    WINDOW_S,
    BreakerOpen,
    check_breaker,
    record_outcome,
)
from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

DOWN = ProviderUnavailable("HTTP 503")
NO_ROOM = RuntimeError("no slot")


class Clock:
    """The breakers' time, which only this test moves."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self._now = 1_800_000_000_000
        self.advance(0)

    def advance(self, seconds):
        self._now += round(seconds * 1000)
        self._monkeypatch.setattr(breakers, "CLOCK_MS", self._now)


@pytest.fixture
def clock(redis, monkeypatch):
    return Clock(monkeypatch)


def fail(times=MOST_FAILURES, error=DOWN, holder=None):
    for _ in range(times):
        record_outcome("web", "fal", error, holder=holder)


def may_start(holder="step-1"):
    try:
        check_breaker("web", "fal", holder)
    except BreakerOpen:
        return False
    return True


def state():
    return read_breakers("web", ["fal"])["fal"].state


def open_and_cool_down(clock):
    fail()
    assert not may_start()
    clock.advance(COOL_DOWN_S)


def test_one_that_works_is_closed_and_leaves_nothing_in_redis(clock):
    for _ in range(20):
        check_breaker("web", "fal", "step-1")
        record_outcome("web", "fal", None, holder="step-1")
    assert state() == BreakerState.CLOSED
    assert list(get_redis().scan_iter("breaker:*")) == []


@pytest.mark.parametrize("error", [DOWN, ProviderTimeout("30 s")])
def test_repeated_failures_open_it(clock, error):
    fail(MOST_FAILURES - 1, error)
    assert may_start()
    fail(1, error)
    assert not may_start()
    assert state() == BreakerState.OPEN


@pytest.mark.parametrize(
    "error", [ProviderRejected(), InvalidWork(), ModelRetired(), ProviderRateLimited(3), ProviderError(), NO_ROOM]
)
def test_what_does_not_say_that_it_is_down_does_not_count(clock, error):
    fail(50, error, holder="step-1")
    assert (may_start(), state()) == (True, BreakerState.CLOSED)


def test_one_refusal_of_the_account_opens_it(clock):
    fail(1, AccountRefused("out of credit"))
    assert not may_start()
    assert read_breakers("web", ["fal"]) == {"fal": Breaker(BreakerState.OPEN, has_refused=True)}


def test_failures_far_apart_do_not_open_it(clock):
    for _ in range(3 * MOST_FAILURES):
        fail(1)
        clock.advance(WINDOW_S / (MOST_FAILURES - 1))
    assert may_start()


def test_a_start_that_goes_well_in_between_forgives_them(clock):
    for _ in range(5):
        fail(MOST_FAILURES - 1)
        record_outcome("web", "fal", None, holder="step-1")
    assert may_start()


def test_that_it_still_tells_of_its_jobs_does_not_forgive_that_it_takes_none(clock):
    for _ in range(MOST_FAILURES):
        fail(1, holder="step-1")
        record_outcome("web", "fal", None)
    assert not may_start()


def test_among_many_looks_that_go_well_those_that_fail_do_not_count(clock):
    for _ in range(20):
        fail(MOST_FAILURES - 1)
        record_outcome("web", "fal", None)
    assert may_start()
    assert list(get_redis().scan_iter("breaker:*")) == []


def test_another_provider_and_another_scope_have_their_own(clock):
    fail()
    check_breaker("web", "replicate", "step-1")
    check_breaker("admin", "fal", "step-1")


def test_after_the_pause_one_may_try_it_and_nobody_else(clock):
    open_and_cool_down(clock)
    assert state() == BreakerState.HALF_OPEN
    numbers = itertools.count()
    answers = run_together(16, lambda: check_breaker("web", "fal", f"step-{next(numbers)}"))
    assert answers.count(None) == 1
    assert sum(isinstance(answer, BreakerOpen) for answer in answers) == 15


def test_a_probe_that_goes_well_closes_it(clock):
    open_and_cool_down(clock)
    assert may_start("step-1")
    record_outcome("web", "fal", None, holder="step-1")
    assert state() == BreakerState.CLOSED
    assert may_start("step-2")
    fail(MOST_FAILURES - 1)
    assert may_start("step-2")


@pytest.mark.parametrize("error", [ProviderRejected(), ProviderRateLimited(3)])
def test_a_probe_that_is_answered_with_a_refusal_closes_it(clock, error):
    open_and_cool_down(clock)
    assert may_start()
    record_outcome("web", "fal", error, holder="step-1")
    assert state() == BreakerState.CLOSED


def test_while_probes_fail_the_pauses_double_up_to_the_longest(clock):
    fail()
    pause = COOL_DOWN_S
    for _ in range(6):
        clock.advance(pause - 0.001)
        assert not may_start()
        clock.advance(0.001)
        assert may_start()
        fail(1, holder="step-1")
        assert state() == BreakerState.OPEN
        pause = min(pause * 2, LONGEST_COOL_DOWN_S)
    assert pause == LONGEST_COOL_DOWN_S


def test_the_probe_of_a_worker_that_died_is_given_to_another(clock):
    open_and_cool_down(clock)
    assert may_start("step-1")
    clock.advance(PROBE_LEASE_S - 0.001)
    assert not may_start("step-2")
    clock.advance(0.001)
    assert [may_start("step-2"), may_start("step-1")] == [True, False]


def test_the_step_that_tries_it_may_come_again(clock):
    open_and_cool_down(clock)
    assert [may_start("step-1"), may_start("step-1"), may_start("step-2")] == [True, True, False]


@pytest.mark.parametrize("error", [InvalidWork(), ModelRetired(), NO_ROOM, BreakerOpen()])
def test_a_probe_that_tells_nothing_lets_the_next_one_try(clock, error):
    open_and_cool_down(clock)
    assert may_start("step-1")
    record_outcome("web", "fal", error, holder="step-1")
    assert state() == BreakerState.HALF_OPEN
    assert may_start("step-2")


def test_calls_that_began_before_it_opened_change_nothing(clock):
    fail()
    record_outcome("web", "fal", None, holder="step-early")
    assert not may_start()
    clock.advance(COOL_DOWN_S - 1)
    fail(10, holder="step-early")
    clock.advance(1)
    assert may_start("step-1")
    record_outcome("web", "fal", None, holder="step-early")
    fail(10)
    assert state() == BreakerState.HALF_OPEN
    record_outcome("web", "fal", None, holder="step-1")
    assert state() == BreakerState.CLOSED


def test_a_refusal_met_by_others_while_it_is_tried_opens_it_again(clock):
    open_and_cool_down(clock)
    assert may_start("step-1")
    fail(1, AccountRefused("out of credit"))
    assert state() == BreakerState.OPEN
    record_outcome("web", "fal", None, holder="step-1")
    assert state() == BreakerState.OPEN


def test_failures_of_many_workers_at_once_are_all_counted(clock):
    run_together(MOST_FAILURES, lambda: record_outcome("web", "fal", DOWN))
    assert not may_start()


def test_a_flushed_redis_closes_it(clock):
    fail()
    get_redis().flushall()
    get_redis().script_flush()
    assert may_start()
    fail()
    assert not may_start()


def test_without_redis_calls_go_through_and_it_is_told_as_closed(stoppable_redis):
    fail()
    assert not may_start()
    stoppable_redis.stop()
    assert may_start()
    fail()
    close_breaker("web", "fal")
    assert state() == BreakerState.CLOSED


def test_an_admin_who_saves_the_provider_closes_it(clock, db):
    fail(1, AccountRefused("wrong key"))
    with transaction() as session:
        set_provider(session, "fal", api_key="another-key-0123456789")
    assert may_start()


def test_by_redis_own_clock_it_is_open_as_well(redis):
    fail()
    assert (may_start(), state()) == (False, BreakerState.OPEN)
    assert 0 < get_redis().pttl("breaker:web:fal") <= (COOL_DOWN_S + 3601) * 1000
