"""What refusals have in common: the meaning of an HTTP status, Retry-After, and words made fit for logs."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from worker.providers.base import (
    AccountRefused,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)

# An address may be signed, or be the whole file.
ADDRESS = re.compile(r"(?:https?|data):[^\s\"']+")
# Some repeat the key that they refuse, or most of it.
API_KEY = re.compile(r"\b(sk-|AIza)[\w*-]+")
LONGEST_TEXT = 300


def error_of_status(
    status: int,
    text: str,
    *,
    retry_after_s: float | None = None,
    advice: str = "Check the API key and the account's credit.",
) -> ProviderError:
    """The typed error of a refusal with this HTTP status; the advice is for whoever must mend the account."""
    match status:
        case httpx.codes.TOO_MANY_REQUESTS:
            return ProviderRateLimited(retry_after_s)
        case httpx.codes.UNAUTHORIZED | httpx.codes.PAYMENT_REQUIRED | httpx.codes.FORBIDDEN:
            return AccountRefused(f"{text} {advice}")
        case httpx.codes.REQUEST_TIMEOUT | httpx.codes.GATEWAY_TIMEOUT:
            return ProviderTimeout(text)
    return ProviderUnavailable(text) if status >= httpx.codes.INTERNAL_SERVER_ERROR else ProviderError(text)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks us to wait, given in seconds or as a date; None when it does not say.

    Unlike urllib3's, this takes fractions of a second, which some providers send.
    """
    value = headers.get("Retry-After", "").strip()
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def clean_words(words: str, *, secrets: list[str]) -> str:
    """The words on one line, cut short, with no key, no file and no address in them."""
    for secret in secrets:
        words = words.replace(secret, "[key]")
    return " ".join(API_KEY.sub("[key]", ADDRESS.sub("[address]", words)).split())[:LONGEST_TEXT]
