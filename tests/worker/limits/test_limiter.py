"""Limits of a provider hold across workers, days, deaths and a Redis that is away; waiting as told is enough."""

import itertools
import threading
from datetime import UTC, datetime

import pytest

from funmagic.core.redis import get_redis
from tests.factories import run_together, wait_until
from worker.limits import limiter
from worker.limits.limiter import UNLIMITED, Denied, Granted, LimiterAway, Limits

EVERY_LIMIT = Limits(max_concurrency=5, max_per_minute=5, max_per_day=5)
LATE_AT_NIGHT = datetime(2026, 3, 14, 23, 50, tzinfo=UTC)


class Clock:
    """The limiter's time, which only this test moves."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self._now = round(LATE_AT_NIGHT.timestamp() * 1000)
        self.advance(0)

    def advance(self, seconds):
        self._now += round(seconds * 1000)
        self._monkeypatch.setattr(limiter, "CLOCK_MS", self._now)


@pytest.fixture
def clock(redis, monkeypatch):
    """It is ten minutes to midnight, and stays so until the test says otherwise."""
    return Clock(monkeypatch)


def acquire(holder, limits=EVERY_LIMIT, *, scope="web", provider="fal", lease_s=600):
    return limiter.try_acquire(scope, provider, limits, holder, lease_s=lease_s)


def release(holder):
    return limiter.release("web", "fal", holder)


def renew(holder, *, lease_s=600):
    return limiter.renew("web", "fal", holder, lease_s=lease_s)


def slots():
    return limiter.slots_in_use("web", "fal")


def keys():
    return sorted(key.decode() for key in get_redis().scan_iter("prl:*"))


def lifetime_ms(key):
    return get_redis().pttl(f"prl:web:fal:{key}")


def test_without_limits_everybody_starts_and_nothing_is_written(redis):
    assert {type(acquire(f"task-{n}", UNLIMITED)) for n in range(20)} == {Granted}
    assert keys() == []
    assert not renew("task-1")
    assert not release("task-1")
    assert slots() == 0


def test_what_is_limited_is_counted_under_the_contracts_keys_and_nothing_else_is(redis):
    acquire("task-1", Limits(max_concurrency=1), provider="a")
    acquire("task-1", Limits(max_per_minute=1), provider="b", scope="admin")
    acquire("task-1", Limits(max_per_day=1), provider="c")
    names = ["prl:admin:b:rpm", "prl:admin:b:sem", "prl:web:a:sem", "prl:web:c:rpd", "prl:web:c:sem"]
    assert keys() == names


def test_a_full_provider_denies_until_a_slot_is_released_once(clock):
    limits = Limits(max_concurrency=2)
    assert [acquire(f"task-{n}", limits) for n in range(3)] == [Granted(), Granted(), Denied(1)]
    assert [release("task-0"), release("task-0"), release("stranger")] == [True, False, False]
    assert [acquire(f"task-{n}", limits) for n in (2, 3)] == [Granted(), Denied(1)]
    assert slots() == 2


def test_scopes_and_providers_do_not_share_their_limits(clock):
    limits = Limits(max_concurrency=1, max_per_minute=1, max_per_day=1)
    places = itertools.product(("web", "admin"), ("fal", "openai"))
    granted = [acquire("task", limits, scope=scope, provider=provider) for scope, provider in places]
    assert granted == [Granted()] * 4
    assert isinstance(acquire("other", limits), Denied)


def test_asking_again_with_a_live_lease_counts_once_and_extends_it(clock):
    limits = Limits(max_concurrency=1, max_per_minute=1, max_per_day=1)
    for _ in range(5):
        assert acquire("task", limits, lease_s=100) == Granted()
        clock.advance(99)
    assert slots() == 1
    clock.advance(1)
    assert slots() == 0


def test_a_lease_that_nobody_renews_ends_and_its_slot_goes_to_another(clock):
    limits = Limits(max_concurrency=1)
    acquire("dead", limits, lease_s=100)
    clock.advance(99.999)
    assert acquire("next", limits) == Denied(1)
    clock.advance(0.001)
    assert not renew("dead")
    assert not release("dead")
    assert acquire("next", limits) == Granted()
    assert acquire("dead", limits) == Denied(1)


def test_renewing_extends_a_lease_and_never_shortens_it(clock):
    acquire("task", lease_s=100)
    clock.advance(50)
    assert renew("task", lease_s=100)
    assert renew("task", lease_s=1)
    clock.advance(99)
    assert slots() == 1


def test_the_minute_slides_so_that_no_sixty_seconds_see_more_starts(clock):
    limits = Limits(max_per_minute=2)
    acquire("a", limits)
    clock.advance(50)
    acquire("b", limits)
    assert acquire("c", limits) == Denied(10)
    clock.advance(9.999)
    assert acquire("c", limits) == Denied(0.001)
    clock.advance(0.001)
    assert [acquire("c", limits), acquire("d", limits)] == [Granted(), Denied(50)]


def test_a_released_slot_does_not_give_its_start_back(clock):
    limits = Limits(max_per_minute=1)
    acquire("a", limits)
    assert release("a")
    assert acquire("a", limits) == Denied(60)


def test_a_day_ends_at_midnight_utc(clock):
    limits = Limits(max_per_day=2)
    assert [acquire(name, limits) for name in "abc"] == [Granted(), Granted(), Denied(600)]
    clock.advance(600)
    assert [acquire(name, limits) for name in "cde"] == [Granted(), Granted(), Denied(24 * 3600)]


def test_of_several_reasons_to_wait_the_longest_is_told(clock):
    acquire("a", Limits(max_concurrency=1, max_per_minute=1, max_per_day=1))
    assert acquire("b", Limits(max_concurrency=1, max_per_minute=1)) == Denied(60)
    assert acquire("b", Limits(max_concurrency=1, max_per_minute=1, max_per_day=1)) == Denied(600)
    limiter.penalise("web", "fal", 700)
    assert acquire("b", Limits(max_concurrency=1, max_per_minute=1, max_per_day=1)) == Denied(700)


def test_a_lowered_limit_counts_what_runs_already(clock):
    for name in "abc":
        acquire(name, Limits(max_concurrency=3, max_per_minute=3))
        clock.advance(10)
    limits = Limits(max_per_minute=1)
    assert acquire("d", limits) == Denied(50)
    assert acquire("d", Limits(max_concurrency=2)) == Denied(1)
    clock.advance(50)
    assert acquire("d", limits) == Granted()


@pytest.mark.parametrize(
    ("limits", "wait"),
    [(Limits(max_concurrency=0), 1), (Limits(max_per_minute=0), 60), (Limits(max_per_day=0), 600)],
)
def test_a_limit_of_none_at_all_denies_and_leaves_no_trace(clock, limits, wait):
    assert acquire("task", limits) == Denied(wait)
    assert keys() == []


@pytest.mark.parametrize("limits", [UNLIMITED, EVERY_LIMIT])
def test_after_a_429_nobody_starts_until_the_provider_said_but_those_that_run_go_on(clock, limits):
    acquire("running", EVERY_LIMIT)
    limiter.penalise("web", "fal", 30)
    limiter.penalise("web", "fal", 5)
    assert acquire("new", limits) == Denied(30)
    assert acquire("running", limits) == Granted()
    assert renew("running")
    clock.advance(30)
    assert acquire("new", limits) == Granted()


@pytest.mark.parametrize(("asked", "wait"), [(1e12, 3600), (float("inf"), 3600), (0, 0), (-5, 0), (float("nan"), 0)])
def test_no_answer_of_a_provider_blocks_it_for_long(clock, asked, wait):
    limiter.penalise("web", "fal", asked)
    assert acquire("task") == (Denied(wait) if wait else Granted())


def test_every_key_lives_as_long_as_what_it_says_and_no_longer(redis):
    acquire("long", lease_s=600)
    acquire("short", lease_s=30)
    limiter.penalise("web", "fal", 300)
    assert 500_000 < lifetime_ms("sem") <= 601_000
    assert 0 < lifetime_ms("rpm") <= 61_000
    assert 0 < lifetime_ms("rpd") <= 24 * 3_600_000 + 1_000
    assert 200_000 < lifetime_ms("penalty") <= 301_000
    renew("short", lease_s=1200)
    assert 1_100_000 < lifetime_ms("sem") <= 1_201_000


def test_a_released_last_slot_leaves_no_key(redis):
    acquire("task", Limits(max_concurrency=1))
    assert release("task")
    assert keys() == []


def test_time_is_the_redis_servers(redis):
    seconds, _ = get_redis().time()
    acquire("task", lease_s=600)
    after, _ = get_redis().time()
    ends_ms = get_redis().zscore("prl:web:fal:sem", "task")
    assert seconds <= ends_ms / 1000 - 600 <= after + 1


def test_a_slot_comes_free_as_real_time_passes(redis):
    limits = Limits(max_concurrency=1)
    acquire("dead", limits, lease_s=0.2)
    wait_until(lambda: acquire("next", limits) == Granted())
    assert slots() == 1


def test_of_32_threads_five_get_a_slot(redis):
    names = itertools.count()
    limits = Limits(max_concurrency=5)
    answers = run_together(32, lambda: acquire(f"task-{next(names)}", limits))
    assert (answers.count(Granted()), answers.count(Denied(1))) == (5, 27)
    assert slots() == 5


def test_of_32_deliveries_of_one_task_each_is_granted_and_one_is_counted(redis):
    limits = Limits(max_concurrency=1, max_per_minute=1, max_per_day=1)
    assert run_together(32, lambda: acquire("task", limits)) == [Granted()] * 32
    assert slots() == 1


def test_32_threads_that_come_and_go_never_hold_more_than_five_slots(redis):
    names, lock = itertools.count(), threading.Lock()
    holders, crowds = set(), []

    def come_and_go():
        for _ in range(40):
            name = f"task-{next(names)}"
            if acquire(name, Limits(max_concurrency=5)) == Granted():
                with lock:
                    holders.add(name)
                    crowds.append(len(holders))
                with lock:
                    holders.remove(name)
                assert release(name)

    assert run_together(32, come_and_go) == [None] * 32
    assert max(crowds) <= 5
    assert keys() == []


def test_with_redis_away_a_limited_provider_is_not_called_and_an_unlimited_one_is(stoppable_redis):
    acquire("task")
    stoppable_redis.stop()
    assert acquire("task", UNLIMITED) == Granted()
    for call in (lambda: acquire("task"), lambda: release("task"), lambda: renew("task"), slots):
        with pytest.raises(LimiterAway):
            call()


def test_a_redis_that_comes_back_without_the_script_learns_it_again(stoppable_redis):
    acquire("task")
    stoppable_redis.stop()
    stoppable_redis.start()
    assert acquire("other") == Granted()
    get_redis().script_flush()
    assert release("other")
