"""What can go wrong with a request to Stripe, by name, and what Stripe remembers of keys of idempotency.

In place of doing it: server-error {status}, with {saved} it is what the key answers from now on; rate-limited
{retryAfter}; gateway {status} (HTML); reset (the connection is cut).
Having done it: answer-lost (the connection is cut), silence (never answers), failed-after {status}, malformed.
In its own time: slow {seconds}, held {gate} (a semaphore of this process).
With `on`, a fault waits for a request that begins so: "POST /v1/refunds".
"""

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault
from tests.emulators.stripe_params import Refusal

INSTEAD = ("server-error", "rate-limited", "gateway", "reset")
IN_USE = "There is currently another in-progress request using this Stripe Account and Idempotency Key."


@dataclass
class Saved:
    """A request with a key of idempotency; there is no status while it is under way."""

    path: str
    params: dict[str, Any]
    request_id: str
    status: int = 0
    body: bytes = b""


class Idempotency:
    """The answers by key. A key stands for one request: a foreign one, and one while it is under way, is refused."""

    def __init__(self) -> None:
        self.saved: dict[str, Saved] = {}

    def begin(self, key: str, path: str, params: dict[str, Any], request_id: str) -> Saved | None:
        """The saved answer of the same request; none for a new key, which is under way from now on."""
        known = self.saved.get(key)
        if known is None:
            self.saved[key] = Saved(path, params, request_id)
            return None
        if known.status == 0:
            raise Refusal(IN_USE, "idempotency_key_in_use", status=409)
        if known.path != path or known.params != params:
            what = "for the same endpoint" if known.path != path else "with the same parameters"
            message = f"Keys for idempotent requests can only be used {what} they were first used with. "
            message += f"Try using a key other than '{key}' if you meant to execute a different request."
            raise Refusal(message, kind="idempotency_error")
        return known

    def finish(self, key: str, status: int, body: bytes) -> None:
        """Save an answer; what was refused before anything was done is not saved, and may be asked again."""
        if 400 <= status < 500:
            self.saved.pop(key, None)
        elif key in self.saved:
            self.saved[key].status, self.saved[key].body = status, body


def refuse(refusal: Refusal) -> JSONResponse:
    """The answer of Stripe's that says no."""
    return JSONResponse({"error": refusal.error}, refusal.status)


async def answer_instead(fault: Fault, request: Request) -> Response | None:
    """What comes in place of the answer, if that is the fault."""
    if fault.name == "rate-limited":
        message = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
        answer = refuse(Refusal(message, "rate_limit", status=429))
        answer.headers.update(fault.retry_after())
        return answer
    if fault.name in ("server-error", "failed-after"):
        message = "An unknown error occurred."
        return refuse(Refusal(message, status=fault.values.get("status", 500), kind="api_error"))
    if fault.name == "gateway":
        return HTMLResponse("<html>bad gateway</html>", fault.values.get("status", 502))
    if fault.name == "malformed":
        return Response("{not json", media_type="application/json")
    if fault.name in ("reset", "answer-lost"):
        cut(request)
    if fault.name == "silence":
        await asyncio.sleep(SECONDS_OF_SILENCE)
    return None


async def take_time(fault: Fault) -> None:
    """Wait as long as the fault says."""
    if fault.name == "slow":
        await asyncio.sleep(fault.values.get("seconds", 1))
    # Whoever opens the gate does so in another thread.
    while fault.name == "held" and not fault.values["gate"].acquire(blocking=False):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def cut(request: Request) -> None:
    """Close the connection that a request came on, from under the server."""
    host, port = request.scope["client"]
    sockets = [file for file in Path("/dev/fd").iterdir() if file.is_socket()]
    for connection in (socket.socket(fileno=os.dup(int(file.name))) for file in sockets):
        with connection, suppress(OSError):  # one that is not connected
            if connection.getpeername() == (host, int(port)):
                connection.shutdown(socket.SHUT_RDWR)
