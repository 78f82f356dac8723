"""Counters that workers and the clock add to in Redis and every web process shows; losing them harms nothing.

Counting adds to memory; a thread adds that to Redis every second. A flushed Redis is a counter reset.
"""

import atexit
import json
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import cast

import structlog
from redis.exceptions import RedisError

from funmagic.core.redis import get_redis

log = structlog.get_logger()

KEY = "metrics:shared"
HAND_OVER_S = 1.0
# From an answer at once to the longest that a job may take.
BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
SUM = "sum"
OVERFLOW = "+Inf"


class MailOutcome(StrEnum):
    """What became of a mail, or of one attempt at it."""

    SENT = "sent"
    PUT_OFF = "put_off"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"


class ClockAction(StrEnum):
    """What the clock did."""

    WOKEN = "woken"
    RECOVERED = "recovered"
    GIVEN_UP = "given_up"
    ANNOUNCED = "announced"
    SWEPT = "swept"
    TOOK_LEAD = "took_lead"


@dataclass(frozen=True)
class Shared:
    """A metric kept in Redis: its name, what it counts, and its labels; all label values are few and known."""

    name: str
    help: str
    labels: tuple[str, ...]


CLOCK_ACTIONS = Shared("funmagic_clock_actions", "What the clock did.", ("action",))
MAILS = Shared("funmagic_mails", "What became of mails, and of attempts at them.", ("kind", "outcome"))
PROVIDER_ALERTS = Shared(
    "funmagic_provider_alerts", "What only an admin can mend: refused accounts, retired models.", ("provider", "reason")
)
PROVIDER_ERRORS = Shared("funmagic_provider_errors", "Provider calls that failed, by type.", ("provider", "error"))
PROVIDER_SECONDS = Shared("funmagic_provider_call_seconds", "How long provider calls took.", ("provider", "call"))
RATE_LIMITED_RETRIES = Shared(
    "funmagic_rate_limited_retries", "Steps put off because their provider's limit was reached.", ("provider",)
)
STRIPE_EVENTS = Shared(
    "funmagic_stripe_events", "Events that Stripe sent, and what became of them.", ("type", "outcome")
)
COUNTERS = (CLOCK_ACTIONS, MAILS, PROVIDER_ALERTS, PROVIDER_ERRORS, RATE_LIMITED_RETRIES, STRIPE_EVENTS)
HISTOGRAMS = (PROVIDER_SECONDS,)


def count(metric: Shared, *labels: str, times: int = 1) -> None:
    """Count one, or so many."""
    _get_notes().add({_field(metric, *labels): times})


def observe(metric: Shared, *labels: str, seconds: float) -> None:
    """Put one duration into a histogram."""
    bucket = next((str(bound) for bound in BUCKETS_S if seconds <= bound), OVERFLOW)
    _get_notes().add({_field(metric, *labels, bucket): 1, _field(metric, *labels, SUM): seconds})


def hand_over() -> None:
    """Send what was counted so far; with Redis away it is kept for the next time."""
    _get_notes().hand_over()


def read_shared() -> dict[tuple[str, ...], float]:
    """What all processes counted: (metric, label values…) → number. Raises RedisError."""
    stored = cast("dict[bytes, bytes]", get_redis().hgetall(KEY))
    return {tuple(json.loads(field)): float(number) for field, number in stored.items()}


class _Notes:
    """What was counted and not yet handed over; labels are few, so this stays small however long Redis is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()
        threading.Thread(target=self._hand_over_forever, name="counters", daemon=True).start()
        atexit.register(self.hand_over)

    def add(self, numbers: dict[str, float]) -> None:
        """Add numbers to those that the thread adds to Redis next."""
        with self._lock:
            for field, number in numbers.items():
                self._numbers[field] += number  # type: ignore[assignment] # a Counter adds floats just as well

    def hand_over(self) -> None:
        """Send all notes, or keep them while Redis is away."""
        with self._lock:
            numbers = self._numbers
            self._numbers = Counter()
        if not numbers:
            return
        try:
            with get_redis().pipeline(transaction=True) as pipe:
                for field, number in numbers.items():
                    pipe.hincrbyfloat(KEY, field, number)
                pipe.execute()
        except RedisError as error:
            log.debug("counters_kept", error=str(error))
            self.add(dict(numbers))

    def _hand_over_forever(self) -> None:
        pause = threading.Event()
        while not pause.wait(HAND_OVER_S):
            self.hand_over()


@lru_cache
def _get_notes() -> _Notes:
    return _Notes()


def _field(metric: Shared, *values: str) -> str:
    return json.dumps([metric.name, *values])
