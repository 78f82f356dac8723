"""The circuit breaker of a provider: after repeated failures nobody starts there for a while, and then one tries it.

All workers share it through Redis; without Redis it is closed, and calls go through.
"""

from pathlib import Path

import structlog
from redis.exceptions import RedisError

from funmagic.core.redis import get_redis
from funmagic.models.providers import ProviderScope
from funmagic.providers import breakers
from funmagic.providers.breakers import breaker_key
from worker.providers.base import (
    AccountRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

log = structlog.get_logger()

SCRIPT = Path(__file__).with_suffix(".lua").read_text()
# So many failures of starts, or of polls, within so many seconds, and none that went well between them.
MOST_FAILURES = 5
WINDOW_S = 60.0
# While probes fail, each pause is twice the one before it.
COOL_DOWN_S = 30.0
LONGEST_COOL_DOWN_S = 300.0
# A probe that says nothing for so long has died.
PROBE_LEASE_S = 120.0
OPENED = 1
CLOSED = 2


class BreakerOpen(ProviderUnavailable):
    """The provider was not called, because it failed too often a moment ago."""


def check_breaker(scope: ProviderScope, provider: str, holder: str) -> None:
    """Raise BreakerOpen while no job may start, or while another holder probes the provider.

    Whoever may start calls `record_outcome` afterwards, under the same holder.
    """
    wait_ms = _call("ask", scope, provider, holder, _milliseconds(PROBE_LEASE_S))
    if wait_ms:
        raise BreakerOpen(f"{provider} has failed too often; nobody asks it for {wait_ms / 1000:.0f} s")


def record_outcome(
    scope: ProviderScope, provider: str, error: BaseException | None, *, holder: str | None = None
) -> None:
    """Record whether a call failed: of a start under its holder, of a poll without one."""
    action = _judge(error)
    spans = map(_milliseconds, (WINDOW_S, COOL_DOWN_S, LONGEST_COOL_DOWN_S))
    change = _call(action, scope, provider, holder or "", MOST_FAILURES, *spans)
    if change == OPENED:
        log.warning("breaker_opened", provider=provider, scope=scope, error=str(error))
    elif change == CLOSED:
        log.info("breaker_closed", provider=provider, scope=scope)


def _judge(error: BaseException | None) -> str:
    match error:
        case None | ProviderRejected() | ProviderRateLimited():
            return "succeeded"  # it is there, and judges
        case BreakerOpen():
            return "told_nothing"
        case AccountRefused():
            return "refused"
        case ProviderUnavailable() | ProviderTimeout():
            return "failed"
        case _:
            return "told_nothing"


def _call(action: str, scope: ProviderScope, provider: str, *arguments: str | int) -> int:
    script = get_redis().register_script(SCRIPT)
    now = "" if breakers.CLOCK_MS is None else breakers.CLOCK_MS
    try:
        return int(script(keys=[breaker_key(scope, provider)], args=[action, now, *arguments]))
    except RedisError as error:
        log.warning("breaker_away", scope=scope, provider=provider, action=action, error=str(error))
        return 0


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
