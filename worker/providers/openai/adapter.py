"""The `openai` provider: restyles photos with OpenAI's image models, through OpenAI's own client.

One request does the whole work, and is listened to until its picture is there. It may be paid for as soon as it was
sent, so it is sent once.
"""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from openai import APIConnectionError, APIError, OpenAI, Stream
from openai.types import ImageEditCompletedEvent, ImageEditPartialImageEvent, ImageEditStreamEvent
from ssrfguard import SSRFGuardError

from funmagic.core.errors import FunMagicError
from funmagic.core.outbound import guarded_client
from funmagic.library.images import inspect_image
from worker.providers.base import Done, InputFile, ProviderError, ProviderTimeout, Report, Work
from worker.providers.openai.errors import read_refusal
from worker.providers.pictures import stylise_inputs
from worker.providers.remote import RemoteProvider
from worker.providers.results import picture_file

LARGEST_INPUT = 50_000_000
PREVIEWS = 2
STARTED_PROGRESS = 0.05


class Adapter(RemoteProvider):
    """Does operations at OpenAI for one account."""

    answer_bytes = 5_000_000
    # Three previews and the picture, of the largest size there is, in base64.
    result_bytes = 200_000_000

    def submit(self, work: Work, model: str, report: Report) -> Done:
        """Send the photo and the style, and listen until the picture is there, showing what it looks like so far."""
        began = time.monotonic()
        images, prompt = stylise_inputs(work, max_bytes=LARGEST_INPUT)
        options = {"partial_images": PREVIEWS, **work.options}
        asked = {"model": model, "prompt": prompt, **options}
        request_id, completed = self._edit(asked, images, report, within_s=work.time_left_s)
        return Done(
            [picture_file(_decode(completed.b64_json))],
            usage={**_tokens(completed), "seconds": round(time.monotonic() - began, 3)},
            request={
                "model": model,
                "prompt": prompt,
                "options": options,
                "image": [f"asset {image.asset_id}" for image in images],
            },
            response={"requestId": request_id, "model": model, **_said(completed)},
        )

    def ping(self) -> None:
        """List the models."""
        with self._client("", self.call_s, self.answer_bytes) as client:
            client.models.list()

    def _edit(
        self, asked: dict[str, Any], images: list[InputFile], report: Report, *, within_s: float
    ) -> tuple[str | None, ImageEditCompletedEvent]:
        files = [(image.filename, image.data, image.mime) for image in images]
        with self.typed_errors(is_paid=True), self._client(asked["model"], within_s, self.result_bytes) as client:
            stream = client.images.edit(image=files, stream=True, **asked)
            report(STARTED_PROGRESS)
            completed = _listen(stream, report, asked)
            return stream.response.headers.get("x-request-id"), completed

    @contextmanager
    def _client(self, model: str, within_s: float, max_bytes: int) -> Iterator[OpenAI]:
        credentials = {name: secret.get_secret_value() for name, secret in self.account.credentials.items()}
        with OpenAI(
            api_key=self.key,
            base_url=self.base_url,
            # The client's own retries would send what may be paid for a second time.
            max_retries=0,
            timeout=within_s,
            default_headers=self.account.config.headers,
            # It takes clients of httpx as well as those of its fork.
            http_client=cast("Any", guarded_client(within_s=within_s, max_bytes=max_bytes)),
        ) as client:
            # Given as arguments, what is absent would be taken from the environment.
            client.organization = credentials.get("organization")
            client.project = credentials.get("project")
            try:
                yield client
            except APIConnectionError as error:
                if isinstance(error.__cause__, httpx.HTTPError | SSRFGuardError):
                    raise error.__cause__ from None
                raise ProviderTimeout(f"OpenAI did not finish its answer: {type(error.__cause__).__name__}") from None
            except APIError as error:
                raise read_refusal(error, model=model, secrets=[self.key, *credentials.values()]) from None


def _listen(stream: Stream[ImageEditStreamEvent], report: Report, asked: dict[str, Any]) -> ImageEditCompletedEvent:
    shown = 0
    step = 1 / (asked["partial_images"] + 1)
    for event in stream:
        if event.type == "image_edit.completed":
            return event
        if event.type == "image_edit.partial_image":
            shown += 1
            report(min(shown * step, 1 - step / 2), preview=_preview(event))
    # It worked on it, and may have been paid for it; the client takes a clean end for a success.
    raise ProviderTimeout("OpenAI's answer ended without the picture")


def _decode(encoded: str | None) -> bytes:
    try:
        return base64.b64decode(encoded or "", validate=True)
    except ValueError:
        raise ProviderError("the result is no base64") from None


def _preview(event: ImageEditPartialImageEvent) -> bytes | None:
    try:
        data = _decode(event.b64_json)
        inspect_image(data)
    except (ProviderError, FunMagicError):
        return None
    return data


def _tokens(completed: ImageEditCompletedEvent) -> dict[str, int]:
    usage = getattr(completed, "usage", None)
    details = getattr(usage, "input_tokens_details", None)
    counted = {
        "inputTokens": getattr(usage, "input_tokens", None),
        "inputImageTokens": getattr(details, "image_tokens", None),
        "inputTextTokens": getattr(details, "text_tokens", None),
        "outputTokens": getattr(usage, "output_tokens", None),
        "totalTokens": getattr(usage, "total_tokens", None),
    }
    return {name: count for name, count in counted.items() if isinstance(count, int)}


def _said(completed: ImageEditCompletedEvent) -> dict[str, str]:
    said = {name: getattr(completed, name, None) for name in ("size", "quality", "background", "output_format")}
    return {name: value for name, value in said.items() if isinstance(value, str)}
