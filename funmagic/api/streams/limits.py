"""Refuses a connection too many of an address or a user: a websocket with 403, a request with 429."""

from fastapi import status
from starlette.types import ASGIApp, Receive, Scope, Send

from funmagic.api.streams.errors import TooManyConnections
from funmagic.api.streams.seats import Kind, seats
from funmagic.http.responses import error_response

# A socket's headers stay with it and its tab's state.
LONGEST_HEADERS = 16_000
# Probes are answered, however many connections come from their address.
FREE = ("/healthz", "/readyz", "/metrics")


class LimitConnections:
    """Counts each websocket while it is open, and each request until it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection, or refuse it."""
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] not in FREE:
            try:
                with seats.taken(Kind.REQUEST, await seats.holders_of(scope)):
                    await self._app(scope, receive, send)
            except TooManyConnections as error:
                await refuse(error, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEADERS:
            await _close(send)
            return
        try:
            with seats.taken(Kind.SOCKET, await seats.holders_of(scope)):
                await self._app(scope, receive, send)
        except TooManyConnections:
            await _close(send)


async def refuse(error: TooManyConnections, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 429 to a request that found no seat."""
    answer = error_response(error.status, error.code, error.message, error.details, error.headers)
    await answer(scope, receive, send)


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": status.WS_1008_POLICY_VIOLATION})
