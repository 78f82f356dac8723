"""Server-sent events to one client: written as they come, with next to nothing held per client."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from funmagic.api.streams.errors import TooManyConnections
from funmagic.api.streams.limits import refuse
from funmagic.api.streams.seats import Kind, seats
from funmagic.core.live.watch import SIGNS, StreamEvent

KEY = "event_stream"
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """Events, first those that came already and then the rest, until they end or the client leaves."""

    def __init__(self, begun: list[StreamEvent], rest: AsyncGenerator[StreamEvent, None]) -> None:
        super().__init__(headers=HEADERS, media_type="text/event-stream")
        del self.headers["content-length"]
        self._begun = begun
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Leave the answer to StreamsAfterRoutes, which finds it in the request's state."""
        scope["state"][KEY] = self

    async def drop(self) -> None:
        """End the events without having answered."""
        await self._rest.aclose()

    async def send_events(self, receive: Receive, send: Send) -> None:
        """Send the headers and every event, until the events end or the client leaves."""
        async with aclosing(self._rest):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            begun = b"".join(_encode(event) for event in self._begun)
            await send({"type": "http.response.body", "body": begun, "more_body": True})
            if await self._send_until_left(receive, send):
                await send({"type": "http.response.body", "body": b""})

    async def _send_until_left(self, receive: Receive, send: Send) -> bool:
        """Send the rest; False when the client left before its end."""
        leaving = asyncio.create_task(_wait_for_leaving(receive))
        try:
            async with asyncio.timeout(None) as listening:

                def stop(_: object) -> None:
                    listening.reschedule(0)

                leaving.add_done_callback(stop)
                try:
                    async for event in self._rest:
                        await send({"type": "http.response.body", "body": _encode(event), "more_body": True})
                finally:
                    leaving.remove_done_callback(stop)
                    leaving.cancel()
        except TimeoutError:
            if not listening.expired():
                raise
            return False
        return True


class StreamsAfterRoutes:
    """Sends an event stream after its route has returned, so that nothing that served the route is held meanwhile.

    It then counts as a stream of its address and its user, and no longer as a request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as the wrapped application does, and then the stream that it may have answered with."""
        await self._app(scope, receive, send)
        if stream := scope.get("state", {}).pop(KEY, None):
            # FastAPI's exit stacks, done with by now, are a tenth of what a stream would cost.
            for key in [key for key in scope if key.startswith("fastapi_")]:
                del scope[key]
            await self._serve_stream(stream, scope, receive, send)

    async def _serve_stream(self, stream: EventStream, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with seats.taken(Kind.STREAM, await seats.holders_of(scope)):
                await stream.send_events(receive, send)
        except TooManyConnections as error:
            await stream.drop()
            await refuse(error, scope, receive, send)


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _encode(event: StreamEvent) -> bytes:
    if event in SIGNS:
        return b": still here\n\n"
    id_line = f"id: {event.id}\n" if event.id else ""
    return f"{id_line}data: {event.text}\n\n".encode()
