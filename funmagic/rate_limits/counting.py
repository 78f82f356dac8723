"""Counting requests with `limits` in fixed windows of a minute; while Redis is away everybody is let through."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from funmagic.rate_limits.config import Category, RateLimits
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.rate_limits.service import load_rate_limits, understand
from funmagic.rate_limits.subjects import address_subject
from funmagic.rate_limits.trips import ask, ask_here


@dataclass(frozen=True)
class Hit:
    """One request, counted for a subject in a category."""

    category: Category
    subject: str
    lifetime_purchased: int = 0

    @property
    def key(self) -> str:
        """Where it is counted."""
        return f"{self.category}:{self.subject}"


@dataclass(frozen=True)
class Count:
    """How many were made of how many allowed, and in how many seconds counting begins anew."""

    made: int
    allowed: int
    resets_in_s: int

    @property
    def remaining(self) -> int:
        """How many more are let through until then."""
        return max(self.allowed - self.made, 0)

    def check(self) -> None:
        """Raise TooManyRequests when there were too many."""
        if self.made > self.allowed:
            raise TooManyRequests(self.resets_in_s, limit=self.allowed)


# Where whoever is served comes from; None for workers, commands and unix sockets.
_address: ContextVar[str | None] = ContextVar("address", default=None)
# Of the request being served, by hit; None outside of one.
_counted_ahead: ContextVar[dict[Hit, Count] | None] = ContextVar("counted_ahead", default=None)


def serve_address(address: str | None) -> None:
    """Have what services do from here on, in this request or event, count for this address."""
    _address.set(address)


def check_address_rate(category: Category) -> None:
    """Count one act of whoever is served for their address, from a thread; raises TooManyRequests.

    A service that is limited by address calls this, so that it is limited behind every door.
    """
    if address := _address.get():
        check_rate(category, address_subject(address))


def check_rate(category: Category, subject: str, lifetime_purchased: int = 0) -> None:
    """Count one act of a subject, from a thread; raises TooManyRequests when it is one too many."""
    hit = Hit(category, subject, lifetime_purchased)
    if counted := _take_counted(hit):
        counted.check()
    elif answers := ask_here([hit.key]):
        kept, numbers = answers
        _count(hit, *numbers[0], understand(kept) or load_rate_limits()).check()


async def count_hit(hit: Hit) -> list[Count]:
    """Count what a request turned out to be; nothing is said while Redis is away."""
    counted = _take_counted(hit)
    return [counted] if counted else await count_hits([hit])


async def count_ahead(hits: Sequence[Hit], foreseen: Sequence[Hit]) -> list[Count]:
    """Count a request, and in the same trip what it is foreseen to turn out to be; only the former is answered.

    Whoever comes to count either while this request is served gets the answer, and nothing is counted twice.
    """
    counts = await count_hits([*hits, *foreseen])
    _counted_ahead.set(dict(zip([*hits, *foreseen], counts, strict=False)))
    return counts[: len(hits)]


async def count_hits(hits: Sequence[Hit]) -> list[Count]:
    """Count a request for all that it is, in one trip; nothing is said while Redis is away."""
    answers = await ask([hit.key for hit in hits])
    if answers is None:
        return []
    kept, numbers = answers
    limits = understand(kept)
    if limits is None:
        limits = await asyncio.to_thread(load_rate_limits)
    return [_count(hit, *number, limits) for hit, number in zip(hits, numbers, strict=True)]


def _take_counted(hit: Hit) -> Count | None:
    ahead = _counted_ahead.get()
    return ahead.pop(hit, None) if ahead else None


def _count(hit: Hit, made: int, left_ms: int, limits: RateLimits) -> Count:
    allowed = limits.allowance(hit.category, hit.lifetime_purchased).amount
    return Count(made, allowed, max(-(-left_ms // 1000), 1))
