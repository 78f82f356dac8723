"""Limits how many events of a tab wait in line or run in the background, and ends background ones."""

import asyncio
from collections import defaultdict
from functools import cached_property, partial

from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.event.processor import BaseStateEventProcessor, EventFuture
from reflex_base.registry import RegistrationContext

# What a person presses is done before they press something else.
MOST_IN_LINE = 20
# A page follows a few things at a time.
MOST_FOLLOWERS = 20


class TabEvents(BaseStateEventProcessor):
    """Reflex's event processor, with the events of each tab that wait in line and that run in the background."""

    async def enqueue(self, token: str, event: Event, ev_ctx: EventContext | None = None) -> EventFuture:
        """Enqueue an event; of too many in the background, cancel the oldest."""
        future = await super().enqueue(token, event, ev_ctx)
        unfinished = self._followers if _is_in_background(event) else self._in_line
        if not future.done():
            unfinished[token][future.txid] = future
            future.add_done_callback(partial(_forget, unfinished, token, future.txid))
        if unfinished is self._followers and len(followers := self._followers.get(token, {})) > MOST_FOLLOWERS:
            next(iter(followers.values())).cancel()
        return future

    async def wait_for_place(self, tab: str) -> None:
        """Return once the tab's line is short enough for one more event."""
        while len(waiting := self._in_line.get(tab, {})) >= MOST_IN_LINE:
            await asyncio.wait(list(waiting.values()), return_when=asyncio.FIRST_COMPLETED)

    def end_followers(self, tab: str) -> None:
        """Cancel a tab's background events, except those that enqueued the current event."""
        behind = set()
        future = self._futures.get(EventContext.get().txid)
        while future is not None:
            behind.add(future.txid)
            future = future.parent
        for follower in list(self._followers.get(tab, {}).values()):
            if follower.txid not in behind:
                follower.cancel()

    async def enqueue_anew(self, tab: str, event: Event) -> None:
        """Enqueue an event without a parent, so that it is cancelled with none."""
        if self._root_context is not None:
            await self.enqueue(tab, event, self._root_context.fork(token=tab, router_data=event.router_data))

    @cached_property
    def _in_line(self) -> dict[str, dict[str, EventFuture]]:
        return defaultdict(dict)

    @cached_property
    def _followers(self) -> dict[str, dict[str, EventFuture]]:
        return defaultdict(dict)


def _is_in_background(event: Event) -> bool:
    registered = RegistrationContext.get().event_handlers.get(event.name)
    return registered is not None and registered.handler.is_background


def _forget(unfinished: dict[str, dict[str, EventFuture]], tab: str, txid: str, _done: object) -> None:
    futures = unfinished.get(tab, {})
    futures.pop(txid, None)
    if not futures:
        unfinished.pop(tab, None)
