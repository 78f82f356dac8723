"""The `google` provider: restyles photos with Gemini's image models, through Google's own client.

One request does the whole work, and is waited for. It may be paid for as soon as it was sent, so it is sent once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from google import genai
from google.genai import errors, types

from funmagic.core.outbound import guarded_client
from worker.providers.base import Done, InputFile, ProviderError, Report, Work
from worker.providers.google.errors import check_answer, finish_reason, read_refusal
from worker.providers.pictures import stylise_inputs
from worker.providers.remote import RemoteProvider
from worker.providers.results import picture_file

# Gemini takes 20 MB in one request: two pictures in base64, and some room.
LARGEST_INPUT = 7_000_000
API_VERSION = "v1"
# Gemini says nothing of how far it is.
STARTED_PROGRESS = 0.1


class Adapter(RemoteProvider):
    """Does operations at Gemini for one account."""

    answer_bytes = 5_000_000

    def submit(self, work: Work, model: str, report: Report) -> Done:
        """Send the photo and the style, and wait for the picture."""
        began = time.monotonic()
        images, prompt = stylise_inputs(work, max_bytes=LARGEST_INPUT)
        report(STARTED_PROGRESS)
        answer = self._generate(model, images, prompt, work)
        return Done(
            [picture_file(_find_picture(answer))],
            usage={**_tokens(answer), "seconds": round(time.monotonic() - began, 3)},
            request={
                "model": model,
                "prompt": prompt,
                "options": work.options,
                "image": [f"asset {image.asset_id}" for image in images],
            },
            response={"responseId": answer.response_id, "model": answer.model_version or model},
        )

    def ping(self) -> None:
        """List a model."""
        with self._client("", self.call_s, self.answer_bytes) as client:
            client.models.list(config={"page_size": 1})

    def _generate(self, model: str, images: list[InputFile], prompt: str, work: Work) -> types.GenerateContentResponse:
        parts = [types.Part.from_bytes(data=image.data, mime_type=image.mime) for image in images]
        contents = types.Content(role="user", parts=[*parts, types.Part.from_text(text=prompt)])
        config = types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"],
            image_config=types.ImageConfig(**work.options) if work.options else None,
        )
        with (
            self.typed_errors(is_paid=True),
            self._client(model, work.time_left_s, self.result_bytes) as client,
        ):
            return client.models.generate_content(model=model, contents=contents, config=config)

    @contextmanager
    def _client(self, model: str, within_s: float, max_bytes: int) -> Iterator[genai.Client]:
        # Else the client would make one of its own, which knows no guard.
        unused = httpx.AsyncClient(transport=httpx.AsyncBaseTransport(), trust_env=False)
        with guarded_client(within_s=within_s, max_bytes=max_bytes) as http:
            options = types.HttpOptions(
                base_url=self.base_url,
                api_version=API_VERSION,
                timeout=max(round(within_s * 1000), 1),
                headers=dict(self.account.config.headers),
                # It takes clients of httpx as well as those of its fork.
                httpx_client=cast("Any", http),
                httpx_async_client=cast("Any", unused),
            )
            try:
                # Without retry options, nothing is sent a second time.
                yield genai.Client(api_key=self.key, vertexai=False, http_options=options)
            except errors.APIError as error:
                raise read_refusal(error, model=model, key=self.key) from None


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
