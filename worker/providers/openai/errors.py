"""What OpenAI's refusals mean, by code and status, never by the wording of a message."""

from collections.abc import Mapping

import httpx
from openai import APIConnectionError, APIError, APIStatusError

from funmagic.core.outbound import AnswerRefused
from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.providers.retry_after import read_retry_after
from worker.providers.wording import clean_words

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


def read_refusal(error: APIError, *, model: str, secrets: list[str]) -> ProviderError:
    """The typed error of what OpenAI's client raised; its text is for operators, and holds no key and no file."""
    if isinstance(error, APIConnectionError):
        return _broken_connection(error.__cause__)
    words = clean_words(f"{error.code or error.type or ''} {error.message}", secrets=secrets)
    if isinstance(error, APIStatusError):
        return _classify(error, error.status_code, f"OpenAI answered HTTP {error.status_code}: {words}", model)
    return _classify(error, None, f"OpenAI broke off: {words}", model)


def _classify(error: APIError, status: int | None, text: str, model: str) -> ProviderError:
    names = {error.code, error.type}
    if names & OUT_OF_CREDIT:
        return AccountRefused(f"{text} Top up the account at OpenAI, or raise its limit.")
    if names & REJECTED:
        return ProviderRejected(text)
    if names & INVALID_INPUT:
        return InvalidWork(text)
    if names & RETIRED:
        return ModelRetired(
            f"OpenAI has no model {model} for this account, or no longer. Name another for this step with set-tool."
        )
    if status == httpx.codes.TOO_MANY_REQUESTS or names & RATE_LIMITED:
        return ProviderRateLimited(_read_delay(error.response.headers) if isinstance(error, APIStatusError) else None)
    return _by_status(status, text, is_broken=bool(names & BROKEN))


def _by_status(status: int | None, text: str, *, is_broken: bool) -> ProviderError:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.PAYMENT_REQUIRED, httpx.codes.FORBIDDEN):
        return AccountRefused(f"{text} Check the API key, the organization and the project.")
    if status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.GATEWAY_TIMEOUT):
        return ProviderTimeout(text)
    if status == httpx.codes.NOT_FOUND:
        return ProviderUnavailable(f"{text} Check the base URL; it ends with /v1.")
    if is_broken or (status is not None and status >= httpx.codes.INTERNAL_SERVER_ERROR):
        return ProviderUnavailable(text)
    return ProviderError(text)


def _broken_connection(cause: BaseException | None) -> ProviderError:
    if isinstance(cause, AnswerRefused):
        return ProviderError(f"OpenAI's answer cannot be read: {cause}")
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
        return ProviderUnavailable(f"OpenAI cannot be reached: {type(cause).__name__}")
    # It may have been taken and be paid for: the run ends here, and nothing is sent again.
    return ProviderTimeout(f"OpenAI did not finish its answer: {type(cause).__name__}")


def _read_delay(headers: Mapping[str, str]) -> float | None:
    try:
        return max(float(headers["retry-after-ms"]) / 1000, 0.0)
    except (KeyError, ValueError):
        return read_retry_after(headers)
