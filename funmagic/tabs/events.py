"""The events of the tabs, in line: how many may wait or go on for one tab, and ending those that follow something."""

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
    """Reflex's event processor, which knows of each tab what waits in line and what follows something."""

    async def enqueue(self, token: str, event: Event, ev_ctx: EventContext | None = None) -> EventFuture:
        """Put an event in line; of too many that follow something, the oldest ends."""
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
        """End all that goes on in the background for a tab, but for what brought about the event in hand."""
        behind = set()
        future = self._futures.get(EventContext.get().txid)
        while future is not None:
            behind.add(future.txid)
            future = future.parent
        for follower in list(self._followers.get(tab, {}).values()):
            if follower.txid not in behind:
                follower.cancel()

    async def enqueue_anew(self, tab: str, event: Event) -> None:
        """Put an event in line that no other event brought about, and that ends with none."""
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
