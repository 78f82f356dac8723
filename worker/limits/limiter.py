"""The provider limiter: what all workers together start at a provider stays within its limits, counted in Redis."""

from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from funmagic.core.redis import get_redis
from funmagic.models.providers import ProviderScope

SCRIPT = Path(__file__).with_suffix(".lua").read_text()
KEYS = ("sem", "rpm", "rpd", "penalty")
# A provider may ask for any delay; more than this is not a rate limit.
LONGEST_PENALTY_S = 3600.0
# The time, in ms, instead of the Redis server's own: tests set it, so that hours pass without waiting.
CLOCK_MS: int | None = None


class LimiterAway(Exception):
    """Redis does not answer, so nobody knows whether the provider has room."""


@dataclass(frozen=True)
class Limits:
    """How much a provider takes: running at once, started in any 60 seconds, started in a UTC day; None is no limit."""

    max_concurrency: int | None = None
    max_per_minute: int | None = None
    max_per_day: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True)
class Granted:
    """The holder may start, and has a slot until it releases it or its lease ends."""


@dataclass(frozen=True)
class Denied:
    """There is no room; trying again makes sense after so many seconds, when the last thing in the way may be gone."""

    retry_after_s: float


def try_acquire(
    scope: ProviderScope, provider: str, limits: Limits, holder: str, *, lease_s: float
) -> Granted | Denied:
    """Take a slot for a job; a holder whose lease lives has it granted again, for longer, and is counted only once.

    Without limits nothing is written, and only a penalty denies. Raises LimiterAway when there are limits to keep.
    """
    caps = (limits.max_concurrency, limits.max_per_minute, limits.max_per_day)
    try:
        wait_ms = _call("acquire", scope, provider, holder, _milliseconds(lease_s), *map(_or_blank, caps))
    except LimiterAway:
        if limits == UNLIMITED:
            return Granted()
        raise
    return Denied(wait_ms / 1000) if wait_ms else Granted()


def renew(scope: ProviderScope, provider: str, holder: str, *, lease_s: float) -> bool:
    """Extend a lease, never shorten it; False when there is none: it ended, or started without limits."""
    return bool(_call("renew", scope, provider, holder, _milliseconds(lease_s)))


def release(scope: ProviderScope, provider: str, holder: str) -> bool:
    """Give a slot back; True once, and False when there is none to give."""
    return bool(_call("release", scope, provider, holder))


def penalise(scope: ProviderScope, provider: str, seconds: float) -> None:
    """Let nobody start for so long, as the provider asked; never shortens a penalty, and those that run go on."""
    if seconds > 0:
        _call("penalise", scope, provider, _milliseconds(min(seconds, LONGEST_PENALTY_S)))


def slots_in_use(scope: ProviderScope, provider: str) -> int:
    """How many leases live at a provider that has limits."""
    return _call("count", scope, provider)


def _call(action: str, scope: ProviderScope, provider: str, *arguments: str | int) -> int:
    keys = [f"prl:{scope}:{provider}:{key}" for key in KEYS]
    script = get_redis().register_script(SCRIPT)
    try:
        return int(script(keys=keys, args=[action, _or_blank(CLOCK_MS), *arguments]))
    except RedisError as error:
        raise LimiterAway(f"{action} {scope} {provider}: {error}") from error


def _or_blank(number: int | None) -> str | int:
    return "" if number is None else number


def _milliseconds(seconds: float) -> int:
    return max(round(seconds * 1000), 1)
