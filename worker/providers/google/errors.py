"""What Gemini's refusals mean, by status and reason, never by the wording of a message; some of them are HTTP 200."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
from google.genai import errors, types

from worker.providers.base import (
    AccountRefused,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from worker.providers.refusals import clean_words, error_of_status, read_retry_after

REJECTED = {
    "SAFETY",
    "PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "ESCALATION",
    "MODEL_ARMOR",
}
ACCOUNT_LIMITED = "PUP_LIMITED_DISABLED"
ACCOUNT_STATUSES = {"UNAUTHENTICATED", "PERMISSION_DENIED", "FAILED_PRECONDITION"}
WRONG_KEY = "API_KEY_INVALID"
DELAY = re.compile(r"(\d{1,9}(\.\d{1,9})?)s", re.ASCII)


def read_refusal(error: errors.APIError, *, model: str, key: str) -> ProviderError:
    """The typed error of an answer that is not a success; its text is for operators, and holds no key and no file."""
    words = clean_words(f"{error.status or ''} {error.message or ''}", secrets=[key])
    text = f"Gemini answered HTTP {error.code}: {words}"
    if error.code == httpx.codes.TOO_MANY_REQUESTS:
        return ProviderRateLimited(_read_delay(error))
    if error.status in ACCOUNT_STATUSES or any(detail.get("reason") == WRONG_KEY for detail in _details(error)):
        return AccountRefused(f"{text} Check the API key, and that its project may use this model.")
    if error.status == "NOT_FOUND":
        return ModelRetired(f"Gemini has no model {model}, or no longer. Name another for this step with set-tool.")
    if error.code == httpx.codes.NOT_FOUND:
        return ProviderUnavailable(f"{text} Check the base URL; it names no version.")
    return error_of_status(error.code, text)


def check_answer(answer: types.GenerateContentResponse) -> None:
    """Raise what an answer of HTTP 200 says against our request; one without a picture may still pass."""
    blocked = answer.prompt_feedback.block_reason if answer.prompt_feedback else None
    if blocked is not None:
        raise ProviderRejected(f"Gemini refuses the request: {_name(blocked)}")
    reason = finish_reason(answer)
    if reason in REJECTED:
        raise ProviderRejected(f"Gemini refuses the result: {reason}")
    if reason == ACCOUNT_LIMITED:
        raise AccountRefused("Gemini limited or disabled this account for what was asked of it before")


def finish_reason(answer: types.GenerateContentResponse) -> str:
    """Why Gemini stopped, in its own word; empty when it does not say."""
    candidate = answer.candidates[0] if answer.candidates else None
    return _name(candidate.finish_reason) if candidate and candidate.finish_reason else ""


def _read_delay(error: errors.APIError) -> float | None:
    for detail in _details(error):
        if found := DELAY.fullmatch(str(detail.get("retryDelay"))):
            return float(found[1])
    return read_retry_after(error.response.headers) if isinstance(error.response, httpx.Response) else None


def _details(error: errors.APIError) -> Iterator[dict[str, Any]]:
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error")
    details = inner.get("details") if isinstance(inner, dict) else None
    yield from (detail for detail in details or () if isinstance(detail, dict))


def _name(reason: Any) -> str:
    return str(getattr(reason, "value", reason))
