"""The `openai` provider: restyles photos with OpenAI's image models.

One request does the whole work, and is listened to until its picture is there. It may be paid for as soon as it was
sent, so it is sent once: however it ends, this adapter never sends it again.
"""

import base64
import time
from typing import Any, cast

from openai import APIError, OpenAI, Stream
from openai.types import ImageEditCompletedEvent, ImageEditPartialImageEvent, ImageEditStreamEvent
from ssrfguard import SSRFGuardError

from funmagic.core.errors import FunMagicError
from funmagic.core.outbound import guarded_client
from funmagic.library.images import inspect_image
from funmagic.providers.types import OPENAI
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
from worker.providers.openai.errors import read_refusal
from worker.providers.pictures import fit_picture
from worker.providers.results import picture_file

LARGEST_INPUT = 50_000_000
# Three previews and the picture, of the largest size there is, in base64.
STREAM_BYTES = 200_000_000
ANSWER_BYTES = 5_000_000
PREVIEWS = 2
STARTED_PROGRESS = 0.05


class OpenAIProvider:
    """Does operations at OpenAI for one account."""

    def __init__(self, account: Account) -> None:
        if account.api_key is None:
            raise ProviderUnavailable(f"the provider {account.name} has no API key")
        self._account = account
        self._key = account.api_key.get_secret_value()
        self._base_url = account.base_url or str(OPENAI.base_url)

    def start(self, work: Work, report: Report) -> Done:
        """Send the photo and the style, and listen until the picture is there, showing what it looks like so far.

        Raises ProviderTimeout when OpenAI may have done the work, but we do not have it.
        """
        if work.operation not in OPENAI.offers:
            raise ProviderUnavailable(f"the provider {self._account.name} cannot do {work.operation}")
        if work.style is None:
            raise InvalidWork("no style was chosen")
        began = time.monotonic()
        images = [
            fit_picture(work.files["assetId"], "photo", max_bytes=LARGEST_INPUT),
            fit_picture(work.style.image, "style", max_bytes=LARGEST_INPUT),
        ]
        model = work.model or str(OPENAI.offers[work.operation].model)
        options = {"partial_images": PREVIEWS, **work.options}
        asked = {"model": model, "prompt": work.style.prompt, **options}
        request_id, completed = self._edit(asked, images, report, within_s=work.time_left_s)
        return Done(
            [picture_file(_decode(completed.b64_json))],
            usage={**_tokens(completed), "seconds": round(time.monotonic() - began, 3)},
            request={
                "model": model,
                "prompt": work.style.prompt,
                "options": options,
                "image": [f"asset {image.asset_id}" for image in images],
            },
            response={"requestId": request_id, "model": model, **_said(completed)},
        )

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002 - the protocol
        """Never called: the work is done when `start` returns."""
        raise ProviderUnavailable("OpenAI's pictures leave no job behind")

    def cancel(self, provider_job_id: str, work: Work) -> bool:  # noqa: ARG002 - the protocol
        """There is nothing to stop: OpenAI offers no way to."""
        return False

    def check_health(self) -> None:
        """List the models, which costs nothing."""
        within_s = self._account.config.request_timeout_seconds
        try:
            with self._connect(within_s, ANSWER_BYTES) as client:
                client.models.list()
        except APIError as error:
            raise self._read(error, "") from None
        except SSRFGuardError as error:
            raise ProviderUnavailable(f"OpenAI cannot be reached: {type(error).__name__}") from None
        except (ValueError, TypeError):
            raise ProviderUnavailable("OpenAI's answer makes no sense") from None

    def _edit(
        self, asked: dict[str, Any], images: list[InputFile], report: Report, *, within_s: float
    ) -> tuple[str | None, ImageEditCompletedEvent]:
        files = [(image.filename, image.data, image.mime) for image in images]
        try:
            with self._connect(within_s, STREAM_BYTES) as client:
                stream = client.images.edit(image=files, stream=True, **asked)
                report(STARTED_PROGRESS)
                completed = self._listen(stream, report, asked)
                return stream.response.headers.get("x-request-id"), completed
        except APIError as error:
            raise self._read(error, asked["model"]) from None
        except SSRFGuardError as error:
            raise ProviderUnavailable(f"OpenAI cannot be reached: {type(error).__name__}") from None
        except (ValueError, TypeError):
            raise ProviderError("OpenAI's answer makes no sense") from None

    def _listen(
        self, stream: Stream[ImageEditStreamEvent], report: Report, asked: dict[str, Any]
    ) -> ImageEditCompletedEvent:
        shown, step = 0, 1 / (asked["partial_images"] + 1)
        for event in stream:
            if event.type == "image_edit.completed":
                return event
            if event.type == "image_edit.partial_image":
                shown += 1
                report(min(shown * step, 1 - step / 2), preview=_preview(event))
        # It worked on it, and may have been paid for it; the client takes a clean end for a success.
        raise ProviderTimeout("OpenAI's answer ended without the picture")

    def _connect(self, within_s: float, max_bytes: int) -> OpenAI:
        credentials = {name: secret.get_secret_value() for name, secret in self._account.credentials.items()}
        client = OpenAI(
            api_key=self._key,
            base_url=self._base_url,
            # The client's own retries would send what may be paid for a second time.
            max_retries=0,
            timeout=within_s,
            default_headers=self._account.config.headers,
            # It takes clients of httpx as well as those of its fork.
            http_client=cast("Any", guarded_client(within_s=within_s, max_bytes=max_bytes)),
        )
        # Given as arguments, what is absent would be taken from the environment.
        client.organization, client.project = credentials.get("organization"), credentials.get("project")
        return client

    def _read(self, error: APIError, model: str) -> ProviderError:
        secrets = [self._key, *(secret.get_secret_value() for secret in self._account.credentials.values())]
        return read_refusal(error, model=model, secrets=secrets)


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
