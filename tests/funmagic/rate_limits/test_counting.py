"""Counting itself: in one trip, as a model of the window says, and harmless while Redis is away."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from funmagic.api.app import create_api
from funmagic.core.redis import get_async_redis, get_redis
from funmagic.models.base import new_id
from funmagic.rate_limits import counters
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import Count, Hit, check_rate, count_hits
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.rate_limits.subjects import address_subject, email_subject
from tests.funmagic.rate_limits.limits import set_limits
from tests.servers import StoppableRedis

LIMIT = 3


class Windows(RuleBasedStateMachine):
    """Subjects that come as they like, from requests and from threads, in windows that end now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, int] = {}
        self.salt = new_id()

    @rule(subject=st.sampled_from("ab"), by_request=st.booleans())
    def come(self, subject: str, *, by_request: bool) -> None:
        """Somebody asks."""
        self.made[subject] = self.made.get(subject, 0) + 1
        hit = Hit(Category.UPLOAD, self.salt + subject)
        assert self._passes(hit, by_request=by_request) == (self.made[subject] <= LIMIT)

    @rule(subject=st.sampled_from("ab"))
    def end_window(self, subject: str) -> None:
        """A window runs out."""
        get_redis().expire(f"rl:upload:{self.salt}{subject}", 0)
        self.made.pop(subject, None)

    @invariant()
    def every_count_ends(self) -> None:
        """Whoever is counted is counted for a minute at most."""
        for subject in self.made:
            assert 0 < get_redis().pttl(f"rl:upload:{self.salt}{subject}") <= 60_000

    def _passes(self, hit: Hit, *, by_request: bool) -> bool:
        if by_request:
            (count,) = asyncio.run(_count_and_close(hit))
            assert count.made == self.made[hit.subject.removeprefix(self.salt)]
            return count.made <= count.allowed
        try:
            check_rate(hit.category, hit.subject)
        except TooManyRequests as error:
            return not 0 < error.retry_after <= 60
        return True


async def _count_and_close(hit: Hit) -> list[Count]:
    try:
        return await count_hits([hit])
    finally:
        await get_async_redis().aclose()


@pytest.mark.usefixtures("real_limits")
def test_no_more_pass_than_fit_into_a_window() -> None:
    set_limits(upload=LIMIT)
    run_state_machine_as_test(Windows, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))


@pytest.mark.usefixtures("real_limits")
async def test_a_request_asks_redis_once_for_all_it_counts_as() -> None:
    hits = [Hit(Category.GLOBAL_API, "x"), Hit(Category.UPLOAD, "x"), Hit(Category.USER_API, "x")]
    await count_hits(hits)
    before = reads_from_clients()
    assert [count.made for count in await count_hits(hits)] == [2, 2, 2]
    assert reads_from_clients() - before == 2, "one is the question how many there were"


@pytest.mark.usefixtures("real_limits")
async def test_a_crowd_that_comes_at_once_is_counted_to_the_last() -> None:
    counts = await asyncio.gather(*(count_hits([Hit(Category.UPLOAD, "x")]) for _ in range(1000)))
    assert sorted(count.made for [count] in counts) == list(range(1, 1001))


def reads_from_clients() -> int:
    return int(get_redis().info("stats")["total_reads_processed"])


@pytest.mark.usefixtures("real_limits")
async def test_a_redis_that_forgot_the_script_learns_it_anew() -> None:
    set_limits(upload=1)
    hit = Hit(Category.UPLOAD, "x")
    await count_hits([hit])
    get_redis().script_flush()
    assert [count.made for count in await count_hits([hit])] == [2]
    get_redis().script_flush()
    with pytest.raises(TooManyRequests):
        await asyncio.to_thread(check_rate, Category.UPLOAD, "x")


@pytest.fixture
def backing_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    """Until when a Redis that did not answer is asked no more."""
    until: dict[str, float] = {}
    monkeypatch.setattr(counters, "_backs_off_until", until)
    return until


@pytest.fixture
def client_without_redis(stoppable_redis: StoppableRedis) -> Iterator[TestClient]:
    """A client of the API on a Redis that the test may stop."""
    with TestClient(create_api(), base_url="http://localhost:3999") as client:
        yield client


@pytest.mark.usefixtures("db", "backing_off")
def test_everybody_is_let_through_while_redis_is_away(
    stoppable_redis: StoppableRedis, client_without_redis: TestClient
) -> None:
    set_limits(authAction=1)
    stoppable_redis.stop()
    answers = [client_without_redis.get("/api/auth/session") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


@pytest.mark.usefixtures("db")
async def test_a_redis_that_hangs_is_waited_for_once_and_asked_again_later(
    stoppable_redis: StoppableRedis, backing_off: dict[str, float]
) -> None:
    stoppable_redis.hang()
    try:
        assert await count_hits([Hit(Category.UPLOAD, "x")]) == []
        (until,) = backing_off.values()
        assert until > time.monotonic()
        # Nobody waits any more, in threads either.
        for _ in range(100):
            assert await count_hits([Hit(Category.UPLOAD, "x")]) == []
            check_rate(Category.UPLOAD, "x")
    finally:
        stoppable_redis.wake()
    backing_off.clear()
    (count,) = await count_hits([Hit(Category.UPLOAD, "y")])
    assert count.made == 1


@pytest.mark.usefixtures("db", "backing_off")
def test_a_thread_does_not_wait_for_a_redis_that_hangs(stoppable_redis: StoppableRedis) -> None:
    stoppable_redis.hang()
    try:
        check_rate(Category.TASK_CREATION, "x")
    finally:
        stoppable_redis.wake()


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("a unix socket's", "a unix socket's"),
    ],
)
def test_an_address_counts_as(address: str, subject: str) -> None:
    assert address_subject(address) == subject


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(), st.text())
def test_any_email_has_a_subject_of_its_own(one: str, other: str) -> None:
    assert (email_subject("::1", one) == email_subject("::1", other)) == (one == other)
