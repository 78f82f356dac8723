"""What fal.ai's refusals mean, by status and error type, never by the wording of a message."""

import re
from typing import Any

import httpx

from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    NoSubject,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.providers.retry_after import read_retry_after

REJECTED = {"content_policy_violation"}
NO_SUBJECT = {"face_detection_error"}
INVALID_INPUT = {
    "image_load_error",
    "image_too_small",
    "image_too_large",
    "unsupported_image_format",
    "file_download_error",
    "file_too_large",
}
OF_THE_PHOTO = ((REJECTED, ProviderRejected), (NO_SUBJECT, NoSubject), (INVALID_INPUT, InvalidWork))
DATA_URI = re.compile(r"data:\S+")
LONGEST_TEXT = 300


def read_refusal(response: httpx.Response, *, secret: str) -> ProviderError:
    """The typed error of an answer that is not a success; its text is for operators, and holds no key and no file."""
    status, types = response.status_code, _error_types(response)
    text = f"fal.ai answered HTTP {status}: {_text(response, secret)}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ProviderRateLimited(read_retry_after(response.headers))
    for named, error in OF_THE_PHOTO:
        if types & named:
            return error(text)
    if status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.GATEWAY_TIMEOUT):
        return ProviderTimeout(text)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.PAYMENT_REQUIRED, httpx.codes.FORBIDDEN):
        return AccountRefused(f"{text}. Check the API key and the account's balance.")
    return ProviderUnavailable(text) if response.is_server_error else ProviderError(text)


def is_said_by_fal(response: httpx.Response) -> bool:
    """Whether fal, and not a gateway before it, gave this answer: it explains itself in its own format."""
    return response.is_client_error or "detail" in _body(response)


def says(response: httpx.Response, status: str) -> bool:
    """Whether an answer is of this status of fal's own."""
    return _body(response).get("status") == status


def _error_types(response: httpx.Response) -> set[str]:
    body = _body(response)
    named = [body.get("error_type"), response.headers.get("X-Fal-Error-Type")]
    named += [problem.get("type") for problem in _problems(body)]
    return {kind for kind in named if isinstance(kind, str)}


def _text(response: httpx.Response, secret: str) -> str:
    body = _body(response)
    # Of each problem only its message: beside it, fal repeats the input, which is the whole photo.
    messages = [problem.get("msg") for problem in _problems(body)] or [body.get("detail")]
    words = "; ".join([*sorted(_error_types(response)), *(text for text in messages if isinstance(text, str))])
    return DATA_URI.sub("[data]", words.replace(secret, "[key]"))[:LONGEST_TEXT]


def _problems(body: dict[str, Any]) -> list[dict[str, Any]]:
    detail = body.get("detail")
    return [problem for problem in detail if isinstance(problem, dict)] if isinstance(detail, list) else []


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
