"""What OpenAI's refusals mean, by code and status, never by the wording of a message."""

from collections.abc import Mapping

import httpx
from openai import APIError, APIStatusError

from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from worker.providers.refusals import clean_words, error_of_status, read_retry_after

OUT_OF_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"}
REJECTED = {"moderation_blocked", "content_policy_violation", "image_content_policy_violation", "invalid_prompt"}
RETIRED = {"model_not_found", "model_deprecated", "model_retired"}
RATE_LIMITED = {"rate_limit_exceeded"}
BROKEN = {"server_error", "server_overloaded"}
INVALID_INPUT = {
    "invalid_image",
    "invalid_image_file",
    "invalid_image_format",
    "invalid_image_mode",
    "invalid_base64_image",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
}
OF_THE_PHOTO = ((REJECTED, ProviderRejected), (INVALID_INPUT, InvalidWork))


def read_refusal(error: APIError, *, model: str, secrets: list[str]) -> ProviderError:
    """The typed error of what OpenAI's client raised; its text is for operators, and holds no key and no file."""
    words = clean_words(f"{error.code or error.type or ''} {error.message}", secrets=secrets)
    if isinstance(error, APIStatusError):
        return _classify(error, error.status_code, f"OpenAI answered HTTP {error.status_code}: {words}", model)
    return _classify(error, None, f"OpenAI broke off: {words}", model)


def _classify(error: APIError, status: int | None, text: str, model: str) -> ProviderError:
    names = {error.code, error.type}
    if names & OUT_OF_CREDIT:
        return AccountRefused(f"{text} Top up the account at OpenAI, or raise its limit.")
    for named, error_of_photo in OF_THE_PHOTO:
        if names & named:
            return error_of_photo(text)
    if names & RETIRED:
        return ModelRetired(
            f"OpenAI has no model {model} for this account, or no longer. Name another for this step with set-tool."
        )
    if names & RATE_LIMITED:
        status = httpx.codes.TOO_MANY_REQUESTS
    if status == httpx.codes.NOT_FOUND:
        return ProviderUnavailable(f"{text} Check the base URL; it ends with /v1.")
    if status is None and names & BROKEN:
        return ProviderUnavailable(text)
    return error_of_status(
        status or httpx.codes.BAD_REQUEST,
        text,
        retry_after_s=_read_delay(error.response.headers) if isinstance(error, APIStatusError) else None,
        advice="Check the API key, the organization and the project.",
    )


def _read_delay(headers: Mapping[str, str]) -> float | None:
    try:
        return max(float(headers["retry-after-ms"]) / 1000, 0.0)
    except (KeyError, ValueError):
        return read_retry_after(headers)
