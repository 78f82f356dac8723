"""A web process that was asked to stop: what stays open by itself is ended, so that its clients go on elsewhere."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import lru_cache
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funmagic.core.live.watch import get_watchers
from funmagic.core.telemetry.traces import end_tracing

log = structlog.get_logger()

# The code for a server that restarts: clients are to come back.
SERVICE_RESTART = 1012
GOODBYE = {"type": "websocket.close", "code": SERVICE_RESTART}
# How long a socket gets to close in due form.
GOODBYE_S = 1.0


class _Stopping:
    """Whether this process was asked to stop, and the websockets to close then."""

    def __init__(self) -> None:
        self.has_begun = False
        self.closers: set[Callable[[], Coroutine[Any, Any, None]]] = set()
        self.closing: list[asyncio.Task[None]] = []


@lru_cache
def _get_stopping() -> _Stopping:
    return _Stopping()


def is_stopping() -> bool:
    """Whether this process was asked to stop."""
    return _get_stopping().has_begun


class EndOpenConnections:
    """Closes websockets and ends event streams on SIGTERM and SIGINT; the server itself waits for plain requests.

    The server tells an application of its end only after the last connection has closed, so this listens by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as the wrapped application does, until the process is to stop."""
        if scope["type"] == "lifespan":
            _listen_for_the_end()
            await self._app(scope, receive, _after_the_traces(send))
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = True
        serving = asyncio.current_task()

        async def close() -> None:
            nonlocal is_open
            is_open = False
            if serving is not None:
                # Should the server not tell the application that the socket is gone, or the other end take nothing any
                # more, it must not hold up the end.
                asyncio.get_running_loop().call_later(GOODBYE_S, serving.cancel)
            with suppress(Exception):  # it may be closing by itself
                await send(GOODBYE)

        async def send_while_open(message: Message) -> None:
            if is_open:
                await send(message)

        if is_stopping():  # nobody would close it
            await send(GOODBYE)
            return
        closers = _get_stopping().closers
        closers.add(close)
        try:
            await self._app(scope, receive, send_while_open)
        except asyncio.CancelledError:
            if is_open:  # not by us
                raise
        finally:
            closers.discard(close)


def _after_the_traces(send: Send) -> Send:
    """Sends what is left of the traces first: once the server knows that we are done, this process is gone."""

    async def send_last(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown"):
            await asyncio.to_thread(end_tracing)
            log.info("stopped")
        await send(message)

    return send_last


def _listen_for_the_end() -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Beside the server's own handler, not in its place: the loop calls that one by the byte it is woken with.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(_begin_to_stop))


def _begin_to_stop() -> None:
    stopping = _get_stopping()
    if stopping.has_begun:
        return
    stopping.has_begun = True
    log.info("stopping", sockets=len(stopping.closers))
    get_watchers().end_all()
    stopping.closing = [asyncio.create_task(close()) for close in stopping.closers]
