"""Counting requests against the limits in force; while Redis is away everybody is let through."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from funmagic.rate_limits.config import Category, RateLimits
from funmagic.rate_limits.counters import increment, increment_blocking
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.rate_limits.service import load_rate_limits, parse_rate_limits
from funmagic.rate_limits.subjects import address_subject


@dataclass(frozen=True)
class Hit:
    """One request, counted for a subject in a category."""

    category: Category
    subject: str
    lifetime_purchased: int = 0

    @property
    def key(self) -> str:
        """The name of its counter in Redis."""
        return f"{self.category}:{self.subject}"


@dataclass(frozen=True)
class Count:
    """The requests made of those allowed, and the seconds until counting begins anew."""

    made: int
    allowed: int
    resets_in_s: int

    @property
    def remaining(self) -> int:
        """The requests that are still let through until then."""
        return max(self.allowed - self.made, 0)

    def check(self) -> None:
        """Raise TooManyRequests when more were made than allowed."""
        if self.made > self.allowed:
            raise TooManyRequests(self.resets_in_s, limit=self.allowed)


# Where the tab comes from whose event is served; None for requests, workers and commands.
_address: ContextVar[str | None] = ContextVar("address", default=None)


def serve_address(address: str | None) -> None:
    """Set the address for which `check_address_rate` counts from here on, in this event."""
    _address.set(address)


def check_address_rate(category: Category) -> None:
    """Count one act of a tab for its address, from a thread; raises TooManyRequests.

    A request does not count again: `http/rates.py` has counted it for its address as it came in.
    """
    if address := _address.get():
        check_rate(category, address_subject(address))


def check_rate(category: Category, subject: str, lifetime_purchased: int = 0) -> None:
    """Count one act of a subject, from a thread; raises TooManyRequests when it is one too many."""
    hit = Hit(category, subject, lifetime_purchased)
    if counters := increment_blocking([hit.key]):
        kept, [number] = counters
        _count(hit, *number, parse_rate_limits(kept) or load_rate_limits()).check()


async def count_hits(hits: Sequence[Hit]) -> list[Count]:
    """Count a request for all that it is, in one round trip; nothing is said while Redis is away."""
    counters = await increment([hit.key for hit in hits])
    if counters is None:
        return []
    kept, numbers = counters
    limits = parse_rate_limits(kept)
    if limits is None:
        limits = await asyncio.to_thread(load_rate_limits)
    return [_count(hit, *number, limits) for hit, number in zip(hits, numbers, strict=True)]


def _count(hit: Hit, made: int, left_ms: int, limits: RateLimits) -> Count:
    allowed = limits.allowance(hit.category, hit.lifetime_purchased)
    return Count(made, allowed, max(-(-left_ms // 1000), 1))
