"""Live events from other processes: one connection per process feeds everybody who follows, SSE and pages alike."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from redis.exceptions import RedisError

from funmagic.core.errors import LiveUpdatesPaused
from funmagic.core.live.inbox import Inbox
from funmagic.core.live.subscription import ANSWER_S, RECONNECT_S, Subscription
from funmagic.core.redis import new_async_redis

SILENCE_S = 30.0
# After an outage everybody wants the past at once.
HISTORIES_AT_ONCE = 16
START = "0-0"


@dataclass(frozen=True)
class StreamEvent:
    """An event as it lies in the stream, with its id there; its JSON is passed on as it is, and parsed when needed."""

    id: str
    type: str
    text: str = ""

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the event says."""
        said: dict[str, Any] = json.loads(self.text) if self.text else {"type": self.type}
        return said


# Signs from the reader itself: LOOK_AGAIN, the database may know more than was published; PAUSED, Redis is away;
# QUIET, nothing was published; LOOK_ASIDE, something was published on the channel beside the stream.
LOOK_AGAIN = StreamEvent("", "look_again")
PAUSED = StreamEvent("", "paused")
QUIET = StreamEvent("", "quiet")
LOOK_ASIDE = StreamEvent("", "look_aside")
SIGNS = (LOOK_AGAIN, PAUSED, LOOK_ASIDE)


class Watchers:
    """The followers of all channels in this process, each with an inbox that one subscription fills."""

    def __init__(self) -> None:
        self._redis = new_async_redis()
        self._subscription = Subscription(self._redis, self)
        self._inboxes: dict[str, set[Inbox[StreamEvent]]] = {}
        # Those who follow another channel, and only get a sign when something is published on this one.
        self._beside: dict[str, set[Inbox[StreamEvent]]] = {}
        # The channels of which we receive everything from now on.
        self._heard: set[str] = set()
        self._histories = asyncio.Semaphore(HISTORIES_AT_ONCE)
        self._ticker: asyncio.Task[None] | None = None
        self._has_ended = False

    def end_all(self) -> None:
        """End every follower's stream, now and from now on, because this process stops; another serves them then."""
        self._has_ended = True
        for inbox in self._everybody():
            inbox.close()

    async def follow(self, channel: str, after: str = START, *, beside: str = "") -> AsyncGenerator[StreamEvent, None]:
        """Every event of a channel and the stream behind it after an id, none missed or twice; and signs in between.

        LOOK_AGAIN comes when the past is told, when Redis is back, and after every half minute of silence. PAUSED comes
        about every second while Redis is away, and LOOK_ASIDE after something was told on the channel `beside`. It ends
        only with this process. Raises LiveUpdatesPaused when Redis is away at the start.
        """
        inbox: Inbox[StreamEvent] = Inbox()
        last = after
        try:
            await self._listen_beside(beside, inbox)
            for event in await self._join(channel, inbox, after):
                last = event.id
                yield event
            yield LOOK_AGAIN
            while not self._has_ended:
                for event in await self._next(channel, inbox, last):
                    if event in SIGNS:
                        yield event
                    elif _order(event.id) > _order(last):
                        last = event.id
                        yield event
        finally:
            await self._leave(self._beside, beside, inbox)
            await self._leave(self._inboxes, channel, inbox)

    async def listen(self, channel: str) -> AsyncGenerator[StreamEvent, None]:
        """Signs only, for a channel with no stream behind it, whose past nobody keeps.

        LOOK_AGAIN comes at the start, after something was told, however often meanwhile, and when Redis is back; QUIET
        after every half minute of silence. The rest is as for `follow`.
        """
        inbox: Inbox[StreamEvent] = Inbox()
        try:
            await self._join(channel, inbox)
            yield LOOK_AGAIN
            while not self._has_ended:
                news = await inbox.take()
                has_news = inbox.has_gap or any(event not in SIGNS for event in news)
                inbox.has_gap = False
                if PAUSED in news:
                    yield PAUSED
                elif news or has_news:
                    yield LOOK_AGAIN if has_news else QUIET
        finally:
            await self._leave(self._inboxes, channel, inbox)

    async def find_event(self, stream: str, id_: str) -> StreamEvent | None:
        """The event of this id in a stream; raises LiveUpdatesPaused when Redis is away."""
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await self._redis.xrange(stream, min=id_, max=id_)
        except (RedisError, TimeoutError) as error:
            raise LiveUpdatesPaused from error
        return _parse(*found[0]) if found else None

    def receive(self, channel: str, message: str) -> None:
        """Put a published event into the inbox of everybody who follows its channel."""
        event = StreamEvent(*message.split(" ", 2))
        for inbox in self._inboxes.get(channel, ()):
            inbox.put(event)
        for inbox in self._beside.get(channel, ()):
            inbox.nudge(LOOK_ASIDE)

    def confirm_channel(self, channel: str) -> None:
        """Have everybody who follows this channel read its stream: what was published before may have been missed."""
        if not self._is_wanted(channel):
            return
        self._heard.add(channel)
        for inbox in self._inboxes.get(channel, ()):
            inbox.set_sign(LOOK_AGAIN)
            inbox.fall_behind()
        for inbox in self._beside.get(channel, ()):
            inbox.nudge(LOOK_ASIDE)

    def lose_connection(self) -> None:
        """Put the sign that Redis is away into every inbox."""
        self._heard.clear()
        for inbox in self._everybody():
            inbox.set_sign(PAUSED)

    def _everybody(self) -> list[Inbox[StreamEvent]]:
        return [inbox for inboxes in self._inboxes.values() for inbox in inboxes]

    def _is_wanted(self, channel: str) -> bool:
        return channel in self._inboxes or channel in self._beside

    async def _listen_beside(self, channel: str, inbox: Inbox[StreamEvent]) -> None:
        if not channel:
            return
        is_first = not self._is_wanted(channel)
        self._beside.setdefault(channel, set()).add(inbox)
        if is_first:
            # Nobody waits until it is heard: what was told before that is looked for then.
            await self._subscription.add(channel)

    async def _join(self, channel: str, inbox: Inbox[StreamEvent], after: str | None = None) -> list[StreamEvent]:
        """Join a channel, wait until it is heard, and return the events of its stream after an id, if one is given."""
        is_first = not self._is_wanted(channel)
        self._inboxes.setdefault(channel, set()).add(inbox)
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._break_silence())
        try:
            async with asyncio.timeout(ANSWER_S):
                if is_first:
                    await self._subscription.add(channel)
                while channel not in self._heard and not self._has_ended:
                    if PAUSED in await inbox.take():
                        raise LiveUpdatesPaused
                    inbox.empty()
                inbox.empty()
                return [] if after is None else await self._history(channel, after)
        except (RedisError, TimeoutError) as error:
            raise LiveUpdatesPaused from error

    async def _leave(
        self, listeners: dict[str, set[Inbox[StreamEvent]]], channel: str, inbox: Inbox[StreamEvent]
    ) -> None:
        inboxes = listeners.get(channel, set())
        inboxes.discard(inbox)
        if not inboxes and listeners.pop(channel, None) is not None and not self._is_wanted(channel):
            self._heard.discard(channel)
            await self._subscription.remove(channel)

    async def _next(self, stream: str, inbox: Inbox[StreamEvent], last: str) -> list[StreamEvent]:
        """Wait for the next events; they are read from the stream itself when the inbox has a gap."""
        news = await inbox.take()
        if news or not inbox.has_gap:
            return news
        inbox.has_gap = False
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._history(stream, last)
        except (RedisError, TimeoutError):
            await asyncio.sleep(RECONNECT_S)
            inbox.fall_behind()
            return [PAUSED]

    async def _history(self, stream: str, after: str) -> list[StreamEvent]:
        async with self._histories:
            return [_parse(id_, fields) for id_, fields in await self._redis.xrange(stream, min=f"({after}")]

    async def _break_silence(self) -> None:
        # One timer for all: one for each watcher would cost more memory than all else that it needs.
        while self._inboxes:
            await asyncio.sleep(SILENCE_S / 30)
            for inbox in self._everybody():
                if inbox.silence() >= SILENCE_S:
                    inbox.set_sign(LOOK_AGAIN)


@lru_cache
def get_watchers() -> Watchers:
    """The watchers of this process."""
    return Watchers()


def _parse(id_: str, fields: dict[str, str]) -> StreamEvent:
    return StreamEvent(id_, fields["type"], fields["event"])


def _order(id_: str) -> tuple[int, int]:
    milliseconds, _, number = id_.partition("-")
    return int(milliseconds), int(number or 0)
