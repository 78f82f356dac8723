"""One connection to Redis that receives every channel followed in this process, and reconnects by itself."""

import asyncio
from contextlib import suppress
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger()

RECONNECT_S = 1.0
# A connection that is quiet for so long is asked whether it still lives.
QUIET_S = 5.0
# A Redis that hangs is as good as away.
ANSWER_S = 5.0


class Listener(Protocol):
    """The object whose methods the subscription calls."""

    def receive(self, channel: str, message: str) -> None:
        """A message was published to a channel."""

    def confirm_channel(self, channel: str) -> None:
        """Redis confirmed a channel: every message from now on is received; earlier ones may have been missed."""

    def lose_connection(self) -> None:
        """Redis is away; called again after every attempt to reach it."""


class Subscription:
    """All channels of a process on one connection, which is there while there are any."""

    def __init__(self, client: Redis, listener: Listener) -> None:
        self._client = client
        self._listener = listener
        self._channels: set[str] = set()
        self._pubsub: PubSub | None = None
        self._reader: asyncio.Task[None] | None = None

    async def add(self, channel: str) -> None:
        """Subscribe to a channel; `confirm_channel` is called once Redis has confirmed it."""
        self._channels.add(channel)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_while_wanted())
        elif self._pubsub is not None:
            with suppress(RedisError):
                await self._pubsub.subscribe(channel)

    async def remove(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        self._channels.discard(channel)
        if self._pubsub is not None:
            with suppress(RedisError):
                await self._pubsub.unsubscribe(channel)

    async def _read_while_wanted(self) -> None:
        while self._channels:
            try:
                async with self._client.pubsub() as pubsub:
                    await self._read(pubsub)
            except (RedisError, TimeoutError) as error:
                log.warning("subscription_reconnects", error=repr(error))
                self._listener.lose_connection()
                await asyncio.sleep(RECONNECT_S)

    async def _read(self, pubsub: PubSub) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                await pubsub.connect()  # type: ignore[no-untyped-call]
                self._pubsub = pubsub
                await pubsub.subscribe(*self._channels)
            is_asked = False
            while self._channels:
                message = await pubsub.get_message(timeout=QUIET_S)
                if message is not None:
                    is_asked = False
                    self._pass_on(message)
                elif is_asked:
                    raise TimeoutError("no answer to PING")
                else:
                    is_asked = True
                    await pubsub.ping()
        finally:
            self._pubsub = None

    def _pass_on(self, message: dict[str, str]) -> None:
        match message["type"]:
            case "message":
                self._listener.receive(message["channel"], message["data"])
            case "subscribe":
                self._listener.confirm_channel(message["channel"])
