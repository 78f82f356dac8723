"""Names what Replicate answers when something goes wrong: by its status, never by guessing from a message."""

import re

import httpx

from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.providers.retry_after import read_retry_after
from worker.providers.wording import clean_words

# It may be signed, or lead to somebody's photo.
ADDRESS = re.compile(r"https?://\S+")
ACCOUNT = (httpx.codes.UNAUTHORIZED, httpx.codes.PAYMENT_REQUIRED, httpx.codes.FORBIDDEN)
TIMED_OUT = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.GATEWAY_TIMEOUT)


def read_refusal(response: httpx.Response, *, secret: str) -> ProviderError:
    """The typed error of an answer that is not a success; its text is for operators, and holds no key and no file."""
    status = response.status_code
    text = f"Replicate answered HTTP {status}: {_problem(response, secret)}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ProviderRateLimited(read_retry_after(response.headers))
    if status in ACCOUNT:
        return AccountRefused(f"{text}. Check the API token and the account's credit.")
    if status == httpx.codes.NOT_FOUND:
        return ModelRetired(text)
    if status == httpx.codes.UNPROCESSABLE_ENTITY:
        return InvalidWork(text)
    if status in TIMED_OUT:
        return ProviderTimeout(text)
    return ProviderUnavailable(text) if response.is_server_error else ProviderError(text)


def for_operators(text: object, secret: str) -> str:
    """A text of Replicate's as it may be logged: short, and with neither the key nor a file nor an address in it."""
    return clean_words(ADDRESS.sub("[address]", str(text or "")), secrets=[secret])


def _problem(response: httpx.Response, secret: str) -> str:
    """The title and detail of problem details, by RFC 7807."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return "no reason"
    said = [body.get("title"), body.get("detail")] if isinstance(body, dict) else []
    return for_operators("; ".join(text for text in said if isinstance(text, str)), secret)
