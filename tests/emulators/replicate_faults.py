"""What can go wrong at Replicate, by name: each prediction that is asked for is given one fault, or none.

Faults of the submission: rate-limited {retryAfter}, exhausted, server-error {status}, silence (takes the prediction
and never answers), malformed, missing-id, foreign-addresses {base}, retired (404), retired-version and bad-input
(both 422).
Of the status: queue {polls} or {seconds}, never, failed {error}, canceled, aborted, and for `times` looks (1):
status-limited {retryAfter}, status-error {status}, status-malformed, status-silence, status-unknown.
Of the output: removed, unnamed, elsewhere {url}, and whatever can be wrong with the file of a scene.
An upload, which no fault of a prediction touches, is refused by `refuse_uploads`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault, gateway_page

# Those that `--fault-rate` picks from: all of them pass or end a run as soon as a request's time is over.
USUAL = (
    "rate-limited",
    "server-error",
    "retired",
    "bad-input",
    "silence",
    "malformed",
    "missing-id",
    "status-limited",
    "status-error",
    "status-malformed",
    "status-unknown",
    "failed",
    "canceled",
    "aborted",
    "removed",
    "unnamed",
    "html",
    "bomb",
    "cut-short",
    "not-scene",
    "expired",
    "expired-once",
    "file-error",
)
ENDS = {"failed": "failed", "canceled": "canceled", "aborted": "aborted"}


def refuse(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Problem details, by RFC 7807."""
    body = {"title": title, "detail": detail, "status": status}
    return JSONResponse(body, status, {"Content-Type": "application/problem+json", **(headers or {})})


def answer_submission(fault: Fault) -> Response | None:
    """What is answered instead of taking the prediction; None when it is taken."""
    answers: dict[str, Callable[[], Response]] = {
        "rate-limited": lambda: refuse(429, "Too many requests", "Request was throttled.", fault.retry_after()),
        "exhausted": lambda: refuse(402, "Insufficient credit", "You have insufficient credit to run this model."),
        "server-error": lambda: refuse(fault.values.get("status", 500), "Internal server error", "Sorry"),
        "retired": lambda: refuse(404, "Not found", "The requested resource could not be found."),
        "retired-version": lambda: refuse(422, "Invalid version or not permitted", "The version does not exist."),
        "bad-input": lambda: refuse(422, "Input validation failed", "- input.inputs: does not match the format"),
    }
    return answers[fault.name]() if fault.name in answers else None


async def answer_status(fault: Fault, prediction: dict[str, Any]) -> Response | None:
    """What is answered instead of the prediction's state."""
    if fault.strikes("status-limited"):
        return refuse(429, "Too many requests", "Request was throttled.", fault.retry_after())
    if fault.strikes("status-error"):
        return gateway_page(fault.values.get("status", 502))
    if fault.strikes("status-malformed"):
        return Response("{not json", media_type="application/json")
    if fault.strikes("status-unknown"):
        return JSONResponse({**prediction, "status": "pondering"})
    if fault.strikes("status-silence"):
        await asyncio.sleep(SECONDS_OF_SILENCE)
    return None


def output_of(fault: Fault, address: str) -> Any:
    """What a prediction that succeeded names as its output."""
    if fault.name == "removed":
        return None
    if fault.name == "unnamed":
        return {"point_cloud": address}
    return {"point_cloud": None, "data": [fault.values.get("url", address)]}
