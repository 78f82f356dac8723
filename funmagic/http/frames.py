"""What a websocket may say: frames as our pages send them, none long; whatever else comes ends the socket."""

import json
import re
from typing import Any

import structlog
from starlette.status import (
    WS_1003_UNSUPPORTED_DATA,
    WS_1008_POLICY_VIOLATION,
    WS_1009_MESSAGE_TOO_BIG,
    WS_1011_INTERNAL_ERROR,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

# The longest that pages of ours send are what a browser says of a crash; an event is a few hundred bytes.
LONGEST_FRAME = 64 * 1024
# The token of a tab, and two words of the protocol.
LONGEST_QUERY = 1024
LONGEST_NAME = 500
LONGEST_PATH = 1024
# Engine.IO's packets without data, and Socket.IO's to connect, to leave, and for an event: none with attachments, which
# the server would collect for ever, and none that is encoded.
SIGNAL = re.compile(r"[1-3][a-z]{0,5}")
CARRIER = re.compile(r"4(?P<kind>[012])[^\[{]{0,100}")


class LimitFrames:
    """Lets frames through to the pages' websocket that our pages send, and ends the socket at the first other one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as the wrapped application does; what it breaks with is logged here, and not by the server whole."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        socket = _Socket(receive, send)
        if len(scope["query_string"]) > LONGEST_QUERY:
            await socket.end(WS_1008_POLICY_VIOLATION, "query")
            return
        try:
            await self._app(scope, socket.receive, socket.send)
        except Exception:
            log.exception("socket_failed")
            await socket.end(WS_1011_INTERNAL_ERROR)


class _Socket:
    """One websocket; once it is over, its application hears nothing but that."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._over: int | None = None

    async def receive(self) -> Message:
        """The next message, or that the socket is closed."""
        if self._over is None:
            message = await self._receive()
            objection = _objection(message) if message["type"] == "websocket.receive" else None
            if objection is None:
                return message
            await self.end(*objection)
        return {"type": "websocket.disconnect", "code": self._over}

    async def send(self, message: Message) -> None:
        """Send, unless it is over."""
        if self._over is None:
            await self._send(message)

    async def end(self, code: int, reason: str = "") -> None:
        """Close it."""
        if reason:
            log.warning("socket_refused", reason=reason)
        if self._over is None:
            self._over = code
            await self._send({"type": "websocket.close", "code": code})


def _objection(message: Message) -> tuple[int, str] | None:
    text = message.get("text")
    if text is None:
        return WS_1003_UNSUPPORTED_DATA, "binary"
    if len(text) > LONGEST_FRAME or len(text.encode(errors="surrogatepass")) > LONGEST_FRAME:
        return WS_1009_MESSAGE_TOO_BIG, "length"
    if SIGNAL.fullmatch(text):
        return None
    carrier = CARRIER.match(text)
    if carrier is None:
        return WS_1008_POLICY_VIOLATION, "packet"
    try:
        data = json.loads(text[carrier.end() :] or "null")
    except (ValueError, RecursionError):
        return WS_1008_POLICY_VIOLATION, "encoding"
    return None if _is_sent_by_pages(carrier["kind"], data) else (WS_1008_POLICY_VIOLATION, "event")


def _is_sent_by_pages(kind: str, data: Any) -> bool:
    match kind, data:
        case "0", {"event": event} if event is not None:
            return _fits(event)
        case "0" | "1", None | dict():
            return True
        case "2", ["event", event]:
            return _fits(event)
        # By no other name: a socket that says "connect" would choose the address that it comes from.
        case "2", ["ping"] | ["client_error", dict()]:
            return True
    return False


def _fits(event: Any) -> bool:
    # Reflex keeps the paths that it was asked for, thousands of them.
    match event:
        case {"name": str(name), "router_data": dict(place)}:
            path = place.get("pathname", "")
            is_known = isinstance(path, str) and len(path) <= LONGEST_PATH and isinstance(place.get("query", {}), dict)
            return len(name) <= LONGEST_NAME and is_known
        case {"name": str(name)}:
            return len(name) <= LONGEST_NAME and "router_data" not in event
    return False
