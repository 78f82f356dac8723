"""What tests of several rooms share: a fresh reader of what is told live, per test."""

from collections.abc import AsyncIterator

import pytest

from funmagic.core.live.watch import Watchers, get_watchers


@pytest.fixture
async def fresh_watchers() -> AsyncIterator[None]:
    """A reader of this test's own, made on first use: each test has an event loop of its own."""
    get_watchers.cache_clear()
    yield
    watchers = get_watchers()
    get_watchers.cache_clear()
    for task in (watchers._subscription._reader, watchers._ticker):
        if task is not None:
            task.cancel()
    await watchers._redis.aclose()


@pytest.fixture
async def watchers(fresh_watchers: None) -> Watchers:
    """This test's reader; it uses whichever Redis the fixtures before it brought."""
    return get_watchers()
