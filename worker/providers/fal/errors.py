"""What fal.ai's refusals mean, by status and error type, never by the wording of a message."""

from typing import Any

import httpx

from worker.providers.base import InvalidWork, NoSubject, ProviderError, ProviderRejected
from worker.providers.refusals import clean_words, error_of_status, read_retry_after

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


def read_refusal(response: httpx.Response, *, secret: str) -> ProviderError:
    """The typed error of an answer that is not a success; its text is for operators, and holds no key and no file."""
    status = response.status_code
    types = _error_types(response)
    text = f"fal.ai answered HTTP {status}: {clean_words(_words(response), secrets=[secret])}."
    for named, error in OF_THE_PHOTO:
        if types & named and status != httpx.codes.TOO_MANY_REQUESTS:
            return error(text)
    return error_of_status(status, text, retry_after_s=read_retry_after(response.headers))


def is_said_by_fal(response: httpx.Response) -> bool:
    """Whether fal, and not a gateway before it, gave this answer: it explains itself in its own format."""
    return response.is_client_error or "detail" in _body(response)


def has_status(response: httpx.Response, status: str) -> bool:
    """Whether an answer is of this status of fal's own."""
    return _body(response).get("status") == status


def _error_types(response: httpx.Response) -> set[str]:
    body = _body(response)
    named = [body.get("error_type"), response.headers.get("X-Fal-Error-Type")]
    named += [problem.get("type") for problem in _problems(body)]
    return {kind for kind in named if isinstance(kind, str)}


def _words(response: httpx.Response) -> str:
    body = _body(response)
    # Of each problem only its message: beside it, fal repeats the input, which is the whole photo.
    messages = [problem.get("msg") for problem in _problems(body)] or [body.get("detail")]
    return "; ".join([*sorted(_error_types(response)), *(text for text in messages if isinstance(text, str))])


def _problems(body: dict[str, Any]) -> list[dict[str, Any]]:
    detail = body.get("detail")
    return [problem for problem in detail if isinstance(problem, dict)] if isinstance(detail, list) else []


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
