"""Any order of starts, outcomes, deaths and hours, by many workers: the breaker answers as a plain model would."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from funmagic.core.redis import get_redis
from funmagic.providers import breakers
from funmagic.providers.breakers import Breaker, BreakerState, close_breaker, read_breakers
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

WORKERS = st.integers(0, 5)
ANSWERS = st.sampled_from([None, ProviderRejected(), ProviderRateLimited()])
FAILURES = st.sampled_from([ProviderUnavailable(), ProviderTimeout()])
NO_NEWS = st.sampled_from([InvalidWork(), ModelRetired(), ProviderError(), BreakerOpen(), KeyError()])
PAUSES = st.sampled_from([0.001, 14, 30, 60, 120, 3600])
FORGOTTEN_S, LATE_S = 3600, 1
BEGIN_MS = 1_800_000_000_000


@dataclass
class Model:
    """What a breaker is, said plainly; times in ms."""

    starts: list[int] = field(default_factory=list)
    polls: list[int] = field(default_factory=list)
    opened_until: int | None = None
    pause_s: float = 0
    has_refused: bool = False
    probe: str | None = None
    probe_until: int = 0

    def open(self, now, *, refused=False):
        self.pause_s = min(self.pause_s * 2 or COOL_DOWN_S, LONGEST_COOL_DOWN_S)
        self.opened_until = now + round(self.pause_s * 1000)
        self.starts, self.polls, self.probe, self.probe_until = [], [], None, 0
        self.has_refused |= refused

    def state(self, now):
        if self.opened_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.opened_until else BreakerState.HALF_OPEN

    def is_forgotten(self, now):
        last_try = max(self.opened_until or now, self.probe_until)
        return self.opened_until is not None and now >= last_try + FORGOTTEN_S * 1000


class Workers(RuleBasedStateMachine):
    """Six workers, each at one job at a time, and one provider."""

    monkeypatch: pytest.MonkeyPatch

    def __init__(self):
        super().__init__()
        get_redis().flushall()
        self.model = Model()
        self.names = dict.fromkeys(range(6), 0)
        self.set_clock(BEGIN_MS)

    def holder(self, worker):
        return f"step-{worker}-{self.names[worker]}"

    def set_clock(self, now):
        self.now = now
        self.monkeypatch.setattr(breakers, "CLOCK_MS", now)
        if self.model.is_forgotten(now):
            self.model = Model()

    @rule(worker=WORKERS)
    def start(self, worker):
        holder, model = self.holder(worker), self.model
        state = model.state(self.now)
        others_try = model.probe not in (None, holder) and model.probe_until > self.now
        may = state is BreakerState.CLOSED or (state is BreakerState.HALF_OPEN and not others_try)
        if state is BreakerState.HALF_OPEN and may:
            model.probe, model.probe_until = holder, self.now + round(PROBE_LEASE_S * 1000)
        assert self.is_let_through(holder) == may

    def is_let_through(self, holder):
        try:
            check_breaker("web", "fal", holder)
        except BreakerOpen:
            return False
        return True

    @rule(worker=WORKERS, answer=ANSWERS)
    def go_well(self, worker, answer):
        record_outcome("web", "fal", answer, holder=self.holder(worker))
        state = self.model.state(self.now)
        is_probe = self.model.probe == self.holder(worker)
        if state is BreakerState.CLOSED or (state is BreakerState.HALF_OPEN and is_probe):
            self.model = Model()

    @rule(worker=WORKERS, error=FAILURES)
    def fail(self, worker, error):
        record_outcome("web", "fal", error, holder=self.holder(worker))
        self.record_failure(self.model.starts, is_probe=self.model.probe == self.holder(worker))

    @rule(first=WORKERS, error=FAILURES)
    def start_after_all_failed_and_the_pause_is_over(self, first, error):
        """What chance alone seldom leads to: several who would try it."""
        for _ in range(MOST_FAILURES):
            self.fail(first, error)
        self.wait_until_it_may_be_tried()
        for worker in range(first, first + 3):
            self.start(worker % 6)

    @rule(times=st.integers(2, MOST_FAILURES), error=FAILURES)
    def fail_to_poll(self, times, error):
        for _ in range(times):
            self.poll_in_vain(error)

    def poll_in_vain(self, error):
        record_outcome("web", "fal", error)
        self.record_failure(self.model.polls, is_probe=False)

    def record_failure(self, failures, *, is_probe):
        model = self.model
        if model.state(self.now) is BreakerState.CLOSED:
            failures[:] = [*(at for at in failures if at > self.now - WINDOW_S * 1000), self.now]
            if len(failures) >= MOST_FAILURES:
                model.open(self.now)
        elif model.state(self.now) is BreakerState.HALF_OPEN and is_probe:
            model.open(self.now)

    @rule(answer=ANSWERS)
    def poll(self, answer):
        record_outcome("web", "fal", answer)
        self.model.polls.clear()

    @rule(worker=WORKERS)
    def be_refused(self, worker):
        record_outcome("web", "fal", AccountRefused(), holder=self.holder(worker))
        if self.model.state(self.now) is not BreakerState.OPEN:
            self.model.open(self.now, refused=True)

    @rule(worker=WORKERS, error=NO_NEWS)
    def end_without_news(self, worker, error):
        record_outcome("web", "fal", error, holder=self.holder(worker))
        if self.model.probe == self.holder(worker):
            self.model.probe, self.model.probe_until = None, self.now

    @rule(worker=WORKERS)
    def die(self, worker):
        """Nobody will ever say what became of this call."""
        self.names[worker] += 1

    @rule(seconds=PAUSES)
    def let_time_pass(self, seconds):
        self.set_clock(self.now + round(seconds * 1000))

    @rule()
    def wait_until_it_may_be_tried(self):
        self.set_clock(max(self.now, self.model.opened_until or 0))

    @rule()
    def flush_redis(self):
        get_redis().flushall()
        get_redis().script_flush()
        self.model = Model()

    @rule()
    def save_the_provider(self):
        close_breaker("web", "fal")
        self.model = Model()

    @invariant()
    def it_is_told_as_it_is(self):
        told = read_breakers("web", ["fal"])["fal"]
        assert told == Breaker(self.model.state(self.now), self.model.has_refused)

    @invariant()
    def its_key_will_vanish_soon_after_what_it_says_is_over(self):
        longest_s = max(WINDOW_S, LONGEST_COOL_DOWN_S, PROBE_LEASE_S) + FORGOTTEN_S + LATE_S
        for key in get_redis().scan_iter("breaker:*"):
            assert key == b"breaker:web:fal"
            assert 0 < get_redis().pttl(key) <= longest_s * 1000

    def teardown(self):
        """However it was left, it lets somebody through in the end."""
        self.set_clock(self.now + round((LONGEST_COOL_DOWN_S + PROBE_LEASE_S) * 1000))
        assert self.is_let_through("last")


def test_whatever_happens_the_breaker_answers_as_the_model_says(redis, monkeypatch):
    Workers.monkeypatch = monkeypatch
    run_state_machine_as_test(Workers, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
