"""What can go wrong at fal.ai, by name: each submitted job is given one fault, or none, and has it all its life.

Faults of the submission: rate-limited {retryAfter}, exhausted, retired, server-error {status}, silence (takes the job
and never answers), malformed, missing-fields, foreign-addresses {base}.
Of the status: queue {polls} or {seconds}, never, and for `times` looks (1): status-limited {retryAfter},
status-error {status}, status-malformed, status-silence.
Of the result: rejected, image-load-error, bad-option, result-error {status}, result-timed-out, result-malformed,
result-unnamed, result-huge, and for `times` readings (1): result-limited {retryAfter}, result-gateway {status}.
Of the file: html, jpeg, opaque, cut-short, other-size, sideways, huge, drip, packed, redirect {to}, expired, and for
`times` fetches (1): expired-once, file-error {status}. Or the result names another address: elsewhere {url}.
What can be wrong with the file of a scene is in `vggt.py`.
"""

import asyncio
import io
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

SECONDS_OF_SILENCE = 600
MARK = (20, 200, 60, 255)
# Those that `--fault-rate` picks from: all of them pass or end a run as soon as a request's time is over.
USUAL = (
    "rate-limited",
    "server-error",
    "retired",
    "silence",
    "malformed",
    "missing-fields",
    "status-limited",
    "status-error",
    "status-malformed",
    "rejected",
    "image-load-error",
    "result-limited",
    "result-gateway",
    "result-error",
    "result-timed-out",
    "result-malformed",
    "result-unnamed",
    "html",
    "cut-short",
    "packed",
    "expired",
    "expired-once",
    "file-error",
)


@dataclass
class Fault:
    """One way to go wrong, with its values; counts how often it did."""

    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def strikes(self, *names: str) -> bool:
        """Whether this is one of the faults, and it has not yet happened as often as it should."""
        if self.name not in names:
            return False
        self.seen[self.name] += 1
        return self.seen[self.name] <= self.values.get("times", 1)

    def retry_after(self) -> dict[str, str]:
        return {"Retry-After": str(self.values["retryAfter"])} if "retryAfter" in self.values else {}


def pick_fault(names: tuple[str, ...], rate: float) -> Fault:
    """At this rate one of these faults, else none; a limit says only half of the time for how long."""
    if random.random() >= rate:
        return Fault()
    return Fault(random.choice(names), random.choice(({}, {"retryAfter": "1"})))


def refuse(status: int, detail: Any, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer of fal's own: it explains itself."""
    return JSONResponse({"detail": detail}, status, headers)


def refuse_input(kind: str, body: Any) -> JSONResponse:
    """A model's 422, which repeats the whole input."""
    problem = {"loc": ["body", "image_url"], "msg": f"refused: {kind}", "type": kind, "input": body, "url": "https://x"}
    return refuse(422, [problem])


def gateway_page(status: int) -> HTMLResponse:
    """What a gateway before fal says when it cannot reach fal."""
    return HTMLResponse("<html><center>gateway trouble</center></html>", status)


async def answer_submission(fault: Fault) -> Response | None:
    """What is answered instead of taking the job; None when the job is taken."""
    if fault.name == "rate-limited":
        return refuse(429, "Too many requests", fault.retry_after())
    if fault.name == "exhausted":
        return refuse(403, "User is locked. Reason: Exhausted balance. Top up your balance.")
    if fault.name == "retired":
        return refuse(404, "Application not found")
    if fault.name == "server-error":
        return refuse(fault.values.get("status", 500), "Internal Server Error")
    return None


async def answer_status(fault: Fault) -> Response | None:
    if fault.strikes("status-limited"):
        return refuse(429, "Too many requests", fault.retry_after())
    if fault.strikes("status-error"):
        return gateway_page(fault.values.get("status", 502))
    if fault.strikes("status-malformed"):
        return Response("{not json", media_type="application/json")
    if fault.strikes("status-silence"):
        await asyncio.sleep(SECONDS_OF_SILENCE)
    return None


async def answer_result(fault: Fault, arguments: Any) -> Response | None:
    if fault.strikes("result-limited"):
        return refuse(429, "Too many requests", fault.retry_after())
    if fault.strikes("result-gateway"):
        return gateway_page(fault.values.get("status", 502))
    answers: dict[str, Callable[[], Response]] = {
        "rejected": lambda: refuse_input("content_policy_violation", arguments),
        "image-load-error": lambda: refuse_input("image_load_error", arguments),
        "bad-option": lambda: refuse_input("missing", arguments),
        "result-error": lambda: refuse(fault.values.get("status", 500), "Internal Server Error"),
        "result-timed-out": lambda: JSONResponse({"detail": "Request timed out", "error_type": "request_timeout"}, 504),
        "result-malformed": lambda: Response("{not json", media_type="application/json"),
        "result-unnamed": lambda: JSONResponse({"images": []}),
        "result-huge": lambda: StreamingResponse(_endless(), media_type="application/json"),
    }
    return answers[fault.name]() if fault.name in answers else None


async def answer_file(fault: Fault, width: int, height: int) -> Response:
    if fault.name == "expired" or fault.strikes("expired-once"):
        return Response("expired", 403)
    if fault.strikes("file-error"):
        return Response("away", fault.values.get("status", 503))
    answers: dict[str, Callable[[], Response]] = {
        "redirect": lambda: RedirectResponse(fault.values["to"], 302),
        "html": lambda: HTMLResponse("<h1>Sorry</h1>"),
        "huge": lambda: StreamingResponse(_endless(), media_type="image/png"),
        "drip": lambda: StreamingResponse(_drip(png(width, height)), media_type="image/png"),
        "packed": lambda: Response(png(width, height), headers={"Content-Encoding": "gzip"}, media_type="image/png"),
    }
    if fault.name in answers:
        return answers[fault.name]()
    return Response(_file(fault, width, height), media_type="image/png")


def _file(fault: Fault, width: int, height: int) -> bytes:
    if fault.name == "jpeg":
        return _encode(Image.new("RGB", (width, height)), "JPEG")
    if fault.name == "opaque":
        return _encode(Image.new("RGB", (width, height)), "PNG")
    if fault.name == "other-size":
        return png(width + 1, height)
    if fault.name == "sideways":
        return png(height, width)
    whole = png(width, height)
    return whole[: len(whole) // 2] if fault.name == "cut-short" else whole


@lru_cache(maxsize=64)
def png(width: int, height: int) -> bytes:
    """A cut-out of this size: a red disc with a green mark in its middle, and a rim that is hardly seen."""
    image = Image.new("RGBA", (width, height), (180, 40, 40, 0))
    draw = ImageDraw.Draw(image)
    middle = (width / 2, height / 2)
    for share, colour in ((4, (180, 40, 40, 90)), (4.4, (180, 40, 40, 255)), (12, MARK)):
        right, down = width / share, height / share
        draw.ellipse((middle[0] - right, middle[1] - down, middle[0] + right, middle[1] + down), fill=colour)
    return _encode(image, "PNG")


def _encode(image: Image.Image, kind: str) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, kind)
    return encoded.getvalue()


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1_000_000)
        await asyncio.sleep(0)


async def _drip(data: bytes) -> AsyncIterator[bytes]:
    for byte in data[:-1]:
        yield bytes([byte])
        await asyncio.sleep(0.05)
    await asyncio.sleep(SECONDS_OF_SILENCE)
