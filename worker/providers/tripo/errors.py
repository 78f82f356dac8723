"""What Tripo's refusals mean, by HTTP status and Tripo's own code, never by the wording of a message."""

from typing import Any

import httpx

from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from worker.providers.refusals import clean_words, error_of_status, read_retry_after

# docs.tripo3d.ai, "Errors".
TOO_MANY_AT_ONCE = 2000
NO_CREDIT = 2010
CONTENT_POLICY = 2008
SERVER_TROUBLE = {1000, 1001}
INVALID_INPUT = {1003, 1004, 2003, 2004}
UNKNOWN_MODEL = {2015, 2017}


class NotThere(ProviderError):
    """Tripo itself says that it has no such thing, be it a task or a model."""


def open_envelope(response: httpx.Response, *, secret: str) -> Any:
    """What Tripo answered, out of its envelope; raises the typed error of a refusal, whichever HTTP status it has.

    Raises ValueError for a success that is not in Tripo's format. No text holds the key or an address.
    """
    body = _body(response)
    if response.is_success and body.get("code") == 0 and "data" in body:
        return body["data"]
    if response.is_success and not _code(body):
        raise ValueError("no answer of Tripo's")
    raise _refusal(response, body, secret)


def _refusal(response: httpx.Response, body: dict[str, Any], secret: str) -> ProviderError:
    status = response.status_code
    code = _code(body)
    words = [word for word in (body.get("message"), body.get("suggestion")) if isinstance(word, str)]
    text = f"Tripo answered HTTP {status}, code {code}: {clean_words(' '.join(words), secrets=[secret])}."
    if code == NO_CREDIT:
        return AccountRefused(f"the account at Tripo is out of credit. {text}")
    if code == TOO_MANY_AT_ONCE:
        return ProviderRateLimited(read_retry_after(response.headers))
    if status == httpx.codes.NOT_FOUND and code:
        return NotThere(text)
    error = error_of_status(status, text, retry_after_s=read_retry_after(response.headers))
    of_the_code = _by_code(code, text)
    # A status that says more than that something went wrong comes first.
    return of_the_code if of_the_code and type(error) in (ProviderError, ProviderUnavailable) else error


def _by_code(code: int, text: str) -> ProviderError | None:
    if code == CONTENT_POLICY:
        return ProviderRejected(text)
    if code in UNKNOWN_MODEL:
        return ModelRetired(text)
    if code in INVALID_INPUT:
        return InvalidWork(text)
    return ProviderUnavailable(text) if code in SERVER_TROUBLE else None


def _code(body: dict[str, Any]) -> int:
    code = body.get("code")
    return code if isinstance(code, int) else 0


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
