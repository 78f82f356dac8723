"""Any order of starts, ends, deaths, penalties and hours: the limiter answers as a plain list of facts would."""

from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from funmagic.core.redis import get_redis
from worker.limits import limiter
from worker.limits.limiter import UNLIMITED, Denied, Granted, Limits

CAPS = st.one_of(st.none(), st.integers(0, 4))
LIMITS = st.builds(Limits, CAPS, CAPS, CAPS)
PERSONS = st.integers(0, 7)
# Long beside what an example takes: keys vanish by real time, in which the example takes next to none.
LEASES = st.sampled_from([120, 600, 3600])
PAUSES = st.sampled_from([0.001, 1, 20, 59.999, 60, 119.999, 120, 480, 600, 3600, 20 * 3600])
MINUTE, LATE = timedelta(seconds=60), timedelta(seconds=1)
PREFIX = "prl:web:fal"
A_DAY = datetime(2026, 3, 14, tzinfo=UTC)


def midnight_after(now):
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC)


@dataclass
class Facts:
    """What happened at a provider, nothing thrown away."""

    ends: dict[str, datetime] = field(default_factory=dict)
    starts_counted_by_minute: list[datetime] = field(default_factory=list)
    starts_counted_by_day: list[datetime] = field(default_factory=list)
    penalty_ends: datetime = A_DAY

    def live(self, now):
        return {holder for holder, end in self.ends.items() if end > now}

    def has_room(self, limits, now):
        """Whether a start at this time would keep the limits; slots aside."""
        of_minute = [start for start in self.starts_counted_by_minute if now - MINUTE < start <= now]
        of_day = [start for start in self.starts_counted_by_day if start.date() == now.date()]
        return (
            now >= self.penalty_ends
            and (limits.max_per_minute is None or len(of_minute) < limits.max_per_minute)
            and (limits.max_per_day is None or len(of_day) < limits.max_per_day)
        )

    def soonest(self, limits, now):
        """The first time at which there is room: now, or when something ends."""
        moments = [
            now,
            midnight_after(now),
            self.penalty_ends,
            *(start + MINUTE for start in self.starts_counted_by_minute),
        ]
        return next(moment for moment in sorted(moments) if moment >= now and self.has_room(limits, moment))


class Provider(RuleBasedStateMachine):
    monkeypatch: pytest.MonkeyPatch

    def __init__(self):
        super().__init__()
        get_redis().flushall()
        self.limits = UNLIMITED
        self.names = dict.fromkeys(range(8), 0)
        self.facts = Facts()
        self.set_clock(A_DAY)

    def holder(self, person):
        return f"task-{person}-{self.names[person]}"

    def set_clock(self, now):
        self.now = now
        self.monkeypatch.setattr(limiter, "CLOCK_MS", round(now.timestamp() * 1000))

    @initialize(minute=st.integers(0, 24 * 60 - 1), limits=LIMITS)
    def open_at_some_time_of_day(self, minute, limits):
        self.set_clock(A_DAY + timedelta(minutes=minute))
        self.limits = limits

    @rule(person=PERSONS, lease_s=LEASES)
    def start(self, person, lease_s):
        expected = self.expected(self.holder(person))
        answer = limiter.try_acquire("web", "fal", self.limits, self.holder(person), lease_s=lease_s)
        assert answer == expected
        if isinstance(answer, Granted):
            self.record_start(self.holder(person), lease_s)

    def expected(self, holder):
        live = self.facts.live(self.now)
        if holder in live:
            return Granted()
        full = self.limits.max_concurrency is not None and len(live) >= self.limits.max_concurrency
        no_starts = self.limits.max_per_minute == 0 or self.limits.max_per_day == 0
        wait = self.wait_for_ever() if no_starts else self.facts.soonest(self.limits, self.now) - self.now
        wait_s = max(wait.total_seconds(), 1 if full else 0)
        return Denied(wait_s) if wait_s else Granted()

    def wait_for_ever(self):
        """A limit of 0 never makes room: one is told to look again when its window ends."""
        windows = Limits(None, self.limits.max_per_minute or None, self.limits.max_per_day or None)
        others = self.facts.soonest(windows, self.now) - self.now
        waits = [MINUTE] if self.limits.max_per_minute == 0 else []
        waits += [midnight_after(self.now) - self.now] if self.limits.max_per_day == 0 else []
        return max(others, *waits, timedelta(0))

    def record_start(self, holder, lease_s):
        if holder in self.facts.live(self.now):
            self.record_renewal(holder, lease_s)
            return
        if self.limits != UNLIMITED:
            self.facts.ends[holder] = self.now + timedelta(seconds=lease_s)
        if self.limits.max_per_minute is not None:
            self.facts.starts_counted_by_minute.append(self.now)
        if self.limits.max_per_day is not None:
            self.facts.starts_counted_by_day.append(self.now)

    def record_renewal(self, holder, lease_s):
        self.facts.ends[holder] = max(self.facts.ends[holder], self.now + timedelta(seconds=lease_s))

    @rule(person=PERSONS, lease_s=LEASES)
    def renew(self, person, lease_s):
        holder = self.holder(person)
        is_live = holder in self.facts.live(self.now)
        assert limiter.renew("web", "fal", holder, lease_s=lease_s) == is_live
        if is_live:
            self.record_renewal(holder, lease_s)

    @rule(person=PERSONS)
    def end(self, person):
        holder = self.holder(person)
        assert limiter.release("web", "fal", holder) == (holder in self.facts.live(self.now))
        self.facts.ends.pop(holder, None)

    @rule(person=PERSONS)
    def die(self, person):
        """Nobody will ever release this slot."""
        self.names[person] += 1

    @rule(seconds=st.sampled_from([-1, 0, 5, 90, 1800]))
    def answer_429(self, seconds):
        limiter.penalise("web", "fal", seconds)
        self.facts.penalty_ends = max(self.facts.penalty_ends, self.now + timedelta(seconds=seconds))

    @rule(seconds=PAUSES)
    def let_time_pass(self, seconds):
        self.set_clock(self.now + timedelta(seconds=seconds))

    @rule(person=PERSONS)
    def wait_as_told(self, person):
        """Whoever waits as told needs at most a slot."""
        answer = self.expected(self.holder(person))
        if isinstance(answer, Denied):
            self.set_clock(self.now + timedelta(seconds=answer.retry_after_s))
            self.start(person, 120)

    @rule(limits=LIMITS)
    def save_other_limits(self, limits):
        self.limits = limits

    @rule()
    def flush_redis(self):
        get_redis().flushall()
        get_redis().script_flush()
        self.facts = Facts()

    @invariant()
    def slots_in_use_are_the_live_leases(self):
        assert limiter.slots_in_use("web", "fal") == len(self.facts.live(self.now))

    @invariant()
    def every_key_will_vanish_soon_after_what_it_says_is_over(self):
        longest = {"sem": timedelta(hours=1), "rpm": MINUTE, "rpd": timedelta(days=1), "penalty": timedelta(hours=1)}
        for key in get_redis().scan_iter(f"{PREFIX}:*"):
            name = key.decode().removeprefix(f"{PREFIX}:")
            assert 0 < get_redis().pttl(key) <= (longest[name] + LATE).total_seconds() * 1000

    @invariant()
    def nothing_is_negative_and_no_more_is_kept_than_was_counted(self):
        days = [int(count) for count in get_redis().hvals(f"{PREFIX}:rpd")]
        assert len(days) <= 1
        assert all(1 <= count <= len(self.facts.starts_counted_by_day) for count in days)
        assert get_redis().llen(f"{PREFIX}:rpm") <= len(self.facts.starts_counted_by_minute)
        assert get_redis().zcard(f"{PREFIX}:sem") <= len(self.facts.ends)

    def teardown(self):
        """Long after the last of them, every slot and every start is free again, and one start sweeps up."""
        self.set_clock(self.now + timedelta(days=2))
        assert limiter.slots_in_use("web", "fal") == 0
        limits = Limits(1, 1, 1)
        assert limiter.try_acquire("web", "fal", limits, "last", lease_s=60) == Granted()
        left = [
            get_redis().zcard(f"{PREFIX}:sem"),
            get_redis().llen(f"{PREFIX}:rpm"),
            get_redis().hlen(f"{PREFIX}:rpd"),
        ]
        assert left == list(astuple(limits))


def test_whatever_happens_the_limiter_answers_as_the_facts_say(redis, monkeypatch):
    Provider.monkeypatch = monkeypatch
    run_state_machine_as_test(Provider, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))
