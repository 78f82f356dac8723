"""One connection to Redis that hears all the channels somebody in this process listens to, and comes back by itself."""

import asyncio
from contextlib import suppress
from typing import Protocol

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

log = structlog.get_logger()

RECONNECT_S = 1.0
# A connection that is quiet for so long is asked whether it still lives.
QUIET_S = 5.0
# A Redis that hangs is as good as away.
ANSWER_S = 5.0


class Listener(Protocol):
    """Who is told what the subscription hears."""

    def hear(self, channel: str, message: str) -> None:
        """A message was published."""

    def hear_from_now_on(self, channel: str) -> None:
        """From now on every message of this channel is heard; those before may have been missed."""

    def hear_nothing(self) -> None:
        """Redis is away; told again at every attempt to reach it."""


class Subscription:
    """All channels of a process on one connection, which is there while there are any."""

    def __init__(self, pool: ConnectionPool, listener: Listener) -> None:
        self._pool = pool
        self._listener = listener
        self._channels: set[str] = set()
        self._connection: AbstractConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def add(self, channel: str) -> None:
        """Ask for a channel; the listener is told when Redis has confirmed it."""
        self._channels.add(channel)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_while_wanted())
        else:
            await self._send("SUBSCRIBE", channel)

    async def remove(self, channel: str) -> None:
        """Hear no more of a channel."""
        self._channels.discard(channel)
        await self._send("UNSUBSCRIBE", channel)

    async def _send(self, command: str, channel: str) -> None:
        # A connection that was lost would connect by itself; that is the reader's to do, with every channel.
        if self._connection is not None and self._connection.is_connected:
            with suppress(RedisError):
                await self._connection.send_command(command, channel, check_health=False)

    async def _read_while_wanted(self) -> None:
        while self._channels:
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                async with asyncio.timeout(ANSWER_S):
                    await connection.connect()
                    self._connection = connection
                    await connection.send_command("SUBSCRIBE", *self._channels, check_health=False)
                await self._read(connection)
            except (RedisError, TimeoutError) as error:
                log.warning("subscription_reconnects", error=repr(error))
                self._connection = None
                self._listener.hear_nothing()
                await asyncio.sleep(RECONNECT_S)
            finally:
                self._connection = None
                await connection.disconnect(nowait=True)

    async def _read(self, connection: AbstractConnection) -> None:
        is_asked = False
        while self._channels:
            answer = await connection.read_response(timeout=QUIET_S, disconnect_on_error=False)
            if answer is not None:
                is_asked = False
                self._pass_on(answer)
            elif is_asked:
                raise TimeoutError("no answer to PING")
            else:
                is_asked = True
                await connection.send_command("PING", check_health=False)

    def _pass_on(self, answer: object) -> None:
        match answer:
            case ["message", channel, message]:
                self._listener.hear(str(channel), str(message))
            case ["subscribe", channel, _]:
                self._listener.hear_from_now_on(str(channel))
