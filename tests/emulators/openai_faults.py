"""What can go wrong at OpenAI, by name: each paid request is given one fault, or none.

Instead of taking the work: rate-limited {retryAfter, retryAfterMs}, insufficient-quota, billing-limit, server-error
{status}, gateway {status}, moderation, invalid-image, unknown-option, retired, forbidden,
wrong-path, redirect {to}.
Having taken it: silence (never answers), cut (in the middle of the answer), ends-early (cleanly, without the picture),
stream-error {code}, html (in place of the picture), not-base64, no-picture, broken-preview, half-picture, huge,
malformed, page (HTML in place of the answer), packed, drip, response-failed {code} (Responses API).
Or in its own time: held {gate} waits after each preview until the gate, a semaphore of this process, lets it through.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault
from tests.emulators.pictures import in_base64

# Those that `--fault-rate` picks from: all of them pass or end a run as soon as a request's time is over.
USUAL = (
    "rate-limited",
    "server-error",
    "gateway",
    "moderation",
    "invalid-image",
    "retired",
    "silence",
    "cut",
    "ends-early",
    "stream-error",
    "html",
    "not-base64",
    "no-picture",
    "broken-preview",
    "half-picture",
    "malformed",
    "page",
    "packed",
)
# What OpenAI shut down already.
RETIRED_MODELS = {"gpt-image-1", "dall-e-2", "dall-e-3"}


class Broken(Exception):
    """The connection is cut here."""


def refuse(
    status: int, code: str | None, message: str, kind: str = "invalid_request_error", **headers: str
) -> JSONResponse:
    """An answer in OpenAI's error format."""
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": code}}, status, headers)


def refuse_model(model: str) -> JSONResponse:
    return refuse(404, "model_not_found", f"The model '{model}' does not exist or you do not have access to it.")


def answer_instead(fault: Fault, model: str) -> Response | None:
    """What is answered instead of taking the work; None when it is taken."""
    values = fault.values
    quota = "You exceeded your current quota, please check your plan and billing details."
    answers: dict[str, Callable[[], Response]] = {
        "rate-limited": lambda: refuse(429, "rate_limit_exceeded", "Rate limit reached", "requests", **_delays(values)),
        "insufficient-quota": lambda: refuse(429, "insufficient_quota", quota, "insufficient_quota", **_delays(values)),
        "billing-limit": lambda: refuse(400, "billing_hard_limit_reached", "Billing hard limit has been reached"),
        "server-error": lambda: refuse(
            values.get("status", 500), "server_error", "The server had an error", "server_error"
        ),
        "gateway": lambda: HTMLResponse("<html>bad gateway</html>", values.get("status", 502)),
        "moderation": lambda: refuse(
            400, "moderation_blocked", "Your request was rejected by the safety system.", "image_generation_user_error"
        ),
        "invalid-image": lambda: refuse(400, "invalid_image_file", "Invalid image file"),
        "unknown-option": lambda: refuse(400, "unknown_parameter", "Unknown parameter: 'size'."),
        "retired": lambda: refuse_model(model),
        "forbidden": lambda: refuse(403, "unsupported_country_region_territory", "Country not supported"),
        "wrong-path": lambda: HTMLResponse("<h1>Not Found</h1>", 404),
        "redirect": lambda: RedirectResponse(values.get("to", "http://169.254.169.254/"), 307),
    }
    return answers[fault.name]() if fault.name in answers else None


async def answer_strangely(fault: Fault) -> Response | None:
    """What is answered once the work is taken, where it is no stream of events."""
    if fault.name == "silence":
        await asyncio.sleep(SECONDS_OF_SILENCE)
    if fault.name == "page":
        return HTMLResponse("<h1>Sorry</h1>")
    return None


def spoil(fault: Fault, data: bytes) -> str:
    """The picture in base64, or what the fault makes of it."""
    if fault.name == "html":
        return in_base64(b"<h1>Sorry</h1>")
    if fault.name == "half-picture":
        return in_base64(data[: len(data) // 2])
    return "%%%" if fault.name == "not-base64" else in_base64(data)


async def play(fault: Fault, events: list[dict[str, Any]]) -> AsyncIterator[bytes]:
    """The events on the wire, the last of them being the result; or what the fault makes of them."""
    *before, last = [sse(event) for event in events]
    for event in before:
        yield event
        # So that the client sees them one by one.
        await asyncio.sleep(0)
        # Whoever opens the gate does so in another thread.
        while fault.name == "held" and not fault.values["gate"].acquire(blocking=False):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    if fault.name == "ends-early":
        return
    if fault.name == "cut":
        yield last[: len(last) // 2]
        raise Broken
    if fault.name == "huge":
        async for chunk in _endless():
            yield chunk
    if fault.name == "drip":
        for byte in last:
            yield bytes([byte])
            await asyncio.sleep(0.05)
    if fault.name == "stream-error":
        error = {"message": "It broke", "type": "server_error", "code": fault.values.get("code", "server_error")}
        yield b"data: " + json.dumps({"error": error}).encode() + b"\n\n"
        return
    yield b"data: {not json\n\n" if fault.name == "malformed" else last


def sse(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _delays(values: dict[str, Any]) -> dict[str, str]:
    names = {"retryAfter": "Retry-After", "retryAfterMs": "retry-after-ms"}
    return {header: str(values[name]) for name, header in names.items() if name in values}


async def _endless() -> AsyncIterator[bytes]:
    yield b"data: "
    while True:
        yield b"A" * 1_000_000
        await asyncio.sleep(0)
