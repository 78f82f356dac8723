"""What can go wrong at Gemini, by name: each paid request is given one fault, or none.

Instead of taking the work: rate-limited {retryDelay, retryAfter}, server-error {status}, gateway {status}, prepaid,
wrong-key, forbidden, no-billing, invalid, retired, wrong-path, redirect {to}.
Having taken it: silence, cut, refused {reason} (HTTP 200 with a finish reason), blocked {reason} (HTTP 200 without a
candidate), no-picture (words only), empty, html (in place of the picture), half-picture, thoughts (a picture of them
before the result), huge, malformed, page, packed, ends-early (streams only: cleanly, without the picture).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault
from tests.emulators.openai_faults import Broken
from tests.emulators.pictures import in_base64

# Those that `--fault-rate` picks from: all of them pass or end a run quickly.
USUAL = ("rate-limited", "server-error", "invalid", "cut", "refused", "blocked", "no-picture", "html")
RETIRED_MODELS = {"gemini-2.0-flash-preview-image-generation"}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "PAYMENT_REQUIRED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
DETAIL = "type.googleapis.com/google.rpc."


def refuse(
    code: int, message: str, *details: dict[str, Any], status: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """An answer in Google's error format."""
    error = {"code": code, "message": message, "status": status or STATUSES.get(code, "UNKNOWN"), "details": details}
    return JSONResponse({"error": error}, code, headers)


def refuse_key() -> JSONResponse:
    reason = {"@type": f"{DETAIL}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    return refuse(400, "API key not valid. Please pass a valid API key.", reason)


def refuse_model(model: str) -> JSONResponse:
    return refuse(404, f"models/{model} is not found for API version v1, or is not supported for generateContent.")


def answer_instead(fault: Fault, model: str) -> Response | None:
    """What is answered instead of taking the work; None when it is taken."""
    values = fault.values
    answers: dict[str, Callable[[], Response]] = {
        "rate-limited": lambda: _limit(fault),
        "server-error": lambda: refuse(values.get("status", 500), "An internal error has occurred."),
        "gateway": lambda: HTMLResponse("<html>bad gateway</html>", values.get("status", 502)),
        "prepaid": lambda: refuse(402, "Your prepaid credits are exhausted."),
        "wrong-key": refuse_key,
        "forbidden": lambda: refuse(403, "Your project has been denied access."),
        "no-billing": lambda: refuse(400, "Free tier is not available here.", status="FAILED_PRECONDITION"),
        "invalid": lambda: refuse(400, "Unable to process input image."),
        "retired": lambda: refuse_model(model),
        "wrong-path": lambda: HTMLResponse("<h1>Not Found</h1>", 404),
        "redirect": lambda: RedirectResponse(values.get("to", "http://169.254.169.254/"), 307),
    }
    return answers[fault.name]() if fault.name in answers else None


async def answer_strangely(fault: Fault) -> Response | None:
    """What is answered once the work is taken, where it is no answer of Gemini's."""
    if fault.name == "silence":
        await asyncio.sleep(SECONDS_OF_SILENCE)
    answers: dict[str, Callable[[], Response]] = {
        "page": lambda: HTMLResponse("<h1>Sorry</h1>"),
        "malformed": lambda: Response("{not json", media_type="application/json"),
        "cut": lambda: StreamingResponse(_cut(), media_type="application/json"),
        "huge": lambda: StreamingResponse(_endless(), media_type="application/json"),
        "packed": lambda: Response("{}", headers={"Content-Encoding": "gzip"}, media_type="application/json"),
    }
    return answers[fault.name]() if fault.name in answers else None


def answer(fault: Fault, model: str, picture: bytes) -> dict[str, Any]:
    """The answer of HTTP 200: with the picture, or as the fault has it."""
    facts = {
        "usageMetadata": {"promptTokenCount": 520, "candidatesTokenCount": 1290, "totalTokenCount": 1810},
        "modelVersion": model,
        "responseId": "gemini-response-1",
    }
    if fault.name == "empty":
        return facts
    if fault.name == "blocked":
        return {"promptFeedback": {"blockReason": fault.values.get("reason", "PROHIBITED_CONTENT")}, **facts}
    if fault.name == "refused":
        return {"candidates": [{"finishReason": fault.values.get("reason", "IMAGE_SAFETY"), "index": 0}], **facts}
    content = {"role": "model", "parts": [{"text": "Here it is."}, *_pictures(fault, picture)]}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], **facts}


async def play(fault: Fault, whole: dict[str, Any]) -> AsyncIterator[bytes]:
    """The answer as a stream: words first, then the rest."""
    words = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Painting."}]}, "index": 0}]}
    yield _sse(words)
    if fault.name != "ends-early":
        yield _sse(whole)


def _pictures(fault: Fault, picture: bytes) -> list[dict[str, Any]]:
    if fault.name == "no-picture":
        return []
    if fault.name == "html":
        picture = b"<h1>Sorry</h1>"
    if fault.name == "half-picture":
        picture = picture[: len(picture) // 2]
    part = {"inlineData": {"mimeType": "image/png", "data": in_base64(picture)}, "thoughtSignature": "c2ln"}
    thought = {"inlineData": {"mimeType": "image/png", "data": in_base64(b"a sketch")}, "thought": True}
    return [thought, part] if fault.name == "thoughts" else [part]


def _limit(fault: Fault) -> Response:
    delay = {"@type": f"{DETAIL}RetryInfo", "retryDelay": fault.values.get("retryDelay")}
    details = [delay] if "retryDelay" in fault.values else []
    return refuse(429, "You exceeded your current quota.", *details, headers=fault.retry_after())


def _sse(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\r\n\r\n"


async def _cut() -> AsyncIterator[bytes]:
    yield b'{"candidates": [{"content": {"parts": [{"inlineData": {"data": "iVBOR'
    raise Broken


async def _endless() -> AsyncIterator[bytes]:
    yield b'{"candidates": "'
    while True:
        yield b"A" * 1_000_000
        await asyncio.sleep(0)
