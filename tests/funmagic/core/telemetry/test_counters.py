import threading

import pytest
from redis.exceptions import ConnectionError as RedisAway

from funmagic.core.redis import get_redis
from funmagic.core.telemetry import counters
from funmagic.core.telemetry.counters import CLOCK_ACTIONS, PROVIDER_ERRORS, PROVIDER_SECONDS, count, hand_over, observe
from tests.factories import run_together, wait_until


@pytest.fixture(autouse=True)
def fresh(redis):
    """Nothing counted yet, and nothing on its way."""
    hand_over()
    get_redis().delete(counters.KEY)


def numbers():
    hand_over()
    return {field[1:]: number for field, number in counters.read_shared().items()}


def test_what_is_counted_arrives_by_itself():
    count(CLOCK_ACTIONS, "woken")
    wait_until(lambda: counters.read_shared() == {("funmagic_clock_actions", "woken"): 1})


def test_counts_of_all_processes_and_threads_add_up():
    run_together(8, lambda: [count(PROVIDER_ERRORS, "fal", "ProviderTimeout") for _ in range(100)])
    hand_over()
    count(PROVIDER_ERRORS, "fal", "ProviderTimeout")
    assert numbers() == {("fal", "ProviderTimeout"): 801}


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, "0.1"), (0.1, "0.1"), (0.11, "0.25"), (320, "320.0"), (400, "+Inf")]
)
def test_a_duration_falls_into_the_first_bucket_that_holds_it(seconds, bucket):
    observe(PROVIDER_SECONDS, "fal", "start", seconds=seconds)
    assert numbers() == {("fal", "start", bucket): 1, ("fal", "start", "sum"): seconds}


def test_a_flushed_redis_starts_from_nothing():
    count(CLOCK_ACTIONS, "woken")
    assert numbers() == {("woken",): 1}
    get_redis().flushall()
    count(CLOCK_ACTIONS, "woken")
    assert numbers() == {("woken",): 1}


def test_counting_asks_no_redis_and_with_redis_away_nothing_is_lost(stoppable_redis, monkeypatch):
    stoppable_redis.stop()
    askers = []

    def refuse():
        askers.append(threading.current_thread())
        raise RedisAway

    with monkeypatch.context() as patch:
        patch.setattr(counters, "get_redis", refuse)
        for _ in range(1000):
            count(CLOCK_ACTIONS, "woken")
    assert threading.current_thread() not in askers
    hand_over()
    stoppable_redis.start()
    wait_until(lambda: counters.read_shared() == {("funmagic_clock_actions", "woken"): 1000})
