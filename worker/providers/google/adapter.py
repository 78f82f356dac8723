"""The `google` provider: restyles photos with Gemini's image models.

One request does the whole work, and is waited for. It may be paid for as soon as it was sent, so it is sent once:
however it ends, this adapter never sends it again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from google import genai
from google.genai import errors, types
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import AnswerRefused, guarded_client
from funmagic.providers.types import GOOGLE
from worker.providers.accounts import Account
from worker.providers.base import (
    Done,
    InputFile,
    InvalidWork,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.google.errors import check_answer, finish_reason, read_refusal
from worker.providers.pictures import fit_picture
from worker.providers.results import picture_file

# Gemini takes 20 MB in one request: two pictures in base64, and some room.
LARGEST_INPUT = 7_000_000
RESULT_BYTES = 100_000_000
ANSWER_BYTES = 5_000_000
API_VERSION = "v1"
# Gemini says nothing of how far it is.
STARTED_PROGRESS = 0.1


class GoogleProvider:
    """Does operations at Gemini for one account."""

    def __init__(self, account: Account) -> None:
        if account.api_key is None:
            raise ProviderUnavailable(f"the provider {account.name} has no API key")
        self._account = account
        self._key = account.api_key.get_secret_value()
        self._base_url = account.base_url or str(GOOGLE.base_url)

    def start(self, work: Work, report: Report) -> Done:
        """Send the photo and the style, and wait for the picture.

        Raises ProviderTimeout when Gemini may have done the work, but we do not have it.
        """
        if work.operation not in GOOGLE.offers:
            raise ProviderUnavailable(f"the provider {self._account.name} cannot do {work.operation}")
        if work.style is None:
            raise InvalidWork("no style was chosen")
        began = time.monotonic()
        images = [
            fit_picture(work.files["assetId"], "photo", max_bytes=LARGEST_INPUT),
            fit_picture(work.style.image, "style", max_bytes=LARGEST_INPUT),
        ]
        model = work.model or str(GOOGLE.offers[work.operation].model)
        report(STARTED_PROGRESS)
        answer = self._generate(model, images, work.style.prompt, work.options, within_s=work.time_left_s)
        return Done(
            [picture_file(_find_picture(answer))],
            usage={**_tokens(answer), "seconds": round(time.monotonic() - began, 3)},
            request={
                "model": model,
                "prompt": work.style.prompt,
                "options": work.options,
                "image": [f"asset {image.asset_id}" for image in images],
            },
            response={"responseId": answer.response_id, "model": answer.model_version or model},
        )

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002 - the protocol
        """Never called: the work is done when `start` returns."""
        raise ProviderUnavailable("Gemini's pictures leave no job behind")

    def cancel(self, provider_job_id: str, work: Work) -> bool:  # noqa: ARG002 - the protocol
        """There is nothing to stop: Gemini offers no way to."""
        return False

    def check_health(self) -> None:
        """List a model, which costs nothing."""
        within_s = self._account.config.request_timeout_seconds
        with self._typed_errors(""), self._connect(within_s, ANSWER_BYTES) as client:
            client.models.list(config={"page_size": 1})

    def _generate(
        self, model: str, images: list[InputFile], prompt: str, options: dict[str, Any], *, within_s: float
    ) -> types.GenerateContentResponse:
        parts = [types.Part.from_bytes(data=image.data, mime_type=image.mime) for image in images]
        config = types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(**options) if options else None
        )
        with self._typed_errors(model), self._connect(within_s, RESULT_BYTES) as client:
            contents = types.Content(role="user", parts=[*parts, types.Part.from_text(text=prompt)])
            return client.models.generate_content(model=model, contents=contents, config=config)

    @contextmanager
    def _connect(self, within_s: float, max_bytes: int) -> Iterator[genai.Client]:
        # Else the client would make one of its own, which knows no guard.
        unused = httpx.AsyncClient(transport=httpx.AsyncBaseTransport(), trust_env=False)
        with guarded_client(within_s=within_s, max_bytes=max_bytes) as http:
            yield genai.Client(
                api_key=self._key,
                vertexai=False,
                # Without retry options, nothing is sent a second time.
                http_options=types.HttpOptions(
                    base_url=self._base_url,
                    api_version=API_VERSION,
                    timeout=max(round(within_s * 1000), 1),
                    headers=dict(self._account.config.headers),
                    # It takes clients of httpx as well as those of its fork.
                    httpx_client=cast("Any", http),
                    httpx_async_client=cast("Any", unused),
                ),
            )

    @contextmanager
    def _typed_errors(self, model: str) -> Iterator[None]:
        try:
            yield
        except errors.APIError as error:
            raise read_refusal(error, model=model, key=self._key) from None
        except AnswerRefused as error:
            raise ProviderError(f"Gemini's answer cannot be read: {error}") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, SSRFGuardError) as error:
            raise ProviderUnavailable(f"Gemini cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            # It may have been taken and be paid for: the run ends here, and nothing is sent again.
            raise ProviderTimeout(f"Gemini did not finish its answer: {type(error).__name__}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ProviderError("Gemini's answer makes no sense") from None


def _find_picture(answer: types.GenerateContentResponse) -> bytes:
    check_answer(answer)
    # Some models show pictures of their thoughts first.
    for part in answer.parts or ():
        if not part.thought and part.inline_data and part.inline_data.data:
            return part.inline_data.data
    raise ProviderError(f"Gemini's answer holds no picture: {finish_reason(answer) or 'no reason given'}")


def _tokens(answer: types.GenerateContentResponse) -> dict[str, int]:
    usage = answer.usage_metadata
    if usage is None:
        return {}
    counted = {
        "inputTokens": usage.prompt_token_count,
        "outputTokens": usage.candidates_token_count,
        "thoughtTokens": usage.thoughts_token_count,
        "totalTokens": usage.total_token_count,
    }
    return {name: count for name, count in counted.items() if count is not None}
