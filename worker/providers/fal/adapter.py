"""The `fal` provider: does operations through fal.ai's queue.

Once fal has taken a job, nothing but fal's own word ends the run: whatever else goes wrong while looking is a Waiting
with its trouble. And no job is ever submitted twice by this adapter.
"""

import re
from typing import Any

import httpx
import structlog
from fal_client import Completed, FalClientHTTPError, Queued, Status
from fal_client.client import SyncRequestHandle
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import AnswerRefused, guarded_client
from funmagic.providers.types import FAL
from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    Done,
    InputFile,
    InvalidWork,
    ModelRetired,
    OutputFile,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.cutouts import read_cutout
from worker.providers.downloads import FileGone, fetch_file
from worker.providers.fal.errors import is_said_by_fal, read_refusal, says
from worker.providers.fal.queue import FalClient, FalJob
from worker.providers.fal.storage import address_file
from worker.providers.pictures import plain_picture
from worker.providers.polling import NotNow, next_look_s
from worker.providers.scenes import SCENE_BYTES, read_scene

log = structlog.get_logger()

MODEL_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){1,5}", re.ASCII)
ANSWER_BYTES = 1_000_000
RESULT_BYTES = 100_000_000
# With three calls of fal's, two of these at most in one look: all within the queue's time limit for a job.
RESULT_S = 45.0
FIRST_CHECK_S, LAST_CHECK_S = 1.0, 5.0
SHORTEST_CALL_S = 1.0
# A job that cannot be: whoever may ask for it is let in, and told that there is none.
NO_JOB = "/fal-ai/bria/requests/00000000-0000-0000-0000-000000000000/status"
NOT_THERE = (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY)
ALREADY_OVER = "ALREADY_COMPLETED"
CLOUD = "image-to-cloud"
# What may be mended while the job goes on.
PASSING = (ProviderRateLimited, ProviderTimeout, AccountRefused)
# fal says nothing of how far a job is; these only show that it moves.
QUEUED_PROGRESS, RUNNING_PROGRESS = 0.1, 0.5


class FalProvider:
    """Does operations on fal.ai for one account."""

    def __init__(self, account: Account) -> None:
        if account.api_key is None:
            raise ProviderUnavailable(f"the provider {account.name} has no API key")
        self._account = account
        self._key = account.api_key.get_secret_value()
        self._base_url = account.base_url or str(FAL.base_url)

    def start(self, work: Work, report: Report) -> Waiting:  # noqa: ARG002 - there is nothing to report yet
        """Submit the job and answer at once; raises ProviderTimeout when fal may have taken it without saying so."""
        if work.operation not in FAL.offers:
            raise ProviderUnavailable(f"the provider {self._account.name} cannot do {work.operation}")
        model = work.model or str(FAL.offers[work.operation].model)
        if not MODEL_NAME.fullmatch(model):
            raise ProviderUnavailable(f"{model} is not the name of a model of fal.ai")
        image = _image(work)
        address = address_file(plain_picture(image), self._account, within_s=self._patience(work))
        handle = self._submit(model, {**work.options, **_arguments(work, address)}, work)
        job = FalJob.of(handle)
        job.check_home(self._base_url)
        request = {"model": model, "options": work.options, **_arguments(work, f"asset {image.asset_id}")}
        return Waiting(job.id, FIRST_CHECK_S, job=job.saved(), request=request)

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002
        """Look at a job; a look that fails is repeated for as long as the engine allows."""
        job = FalJob.restored(provider_job_id, work.job)
        job.check_home(self._base_url)
        try:
            status = self._read_status(job, work)
            if isinstance(status, Completed):
                return self._fetch(job, status, work)
        except NotNow as not_now:
            log.warning("fal_check_failed", job_id=job.id, trouble=str(not_now.trouble))
            return _look_again(job, trouble=not_now.trouble)
        return _look_again(job, progress=QUEUED_PROGRESS if isinstance(status, Queued) else RUNNING_PROGRESS)

    def cancel(self, provider_job_id: str, work: Work) -> bool:
        """Tell fal to stop; True once it says that it will, or that the job is over anyway."""
        try:
            job = FalJob.restored(provider_job_id, work.job)
            job.check_home(self._base_url)
            with self._connect(self._account.config.request_timeout_seconds) as client:
                response = client.http.put(job.cancel_url)
        except (ProviderError, httpx.HTTPError, SSRFGuardError) as error:
            log.warning("fal_cancel_failed", job_id=provider_job_id, kind=type(error).__name__)
            return False
        return response.is_success or says(response, ALREADY_OVER)

    def check_health(self) -> None:
        """Ask for a job that cannot be; raises AccountRefused for a key that is turned away, else ProviderError."""
        try:
            with self._connect(self._account.config.request_timeout_seconds) as client:
                response = client.http.get(NO_JOB)
        except (httpx.HTTPError, SSRFGuardError) as error:
            raise ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}") from None
        if not response.is_success and response.status_code not in NOT_THERE:
            raise read_refusal(response, secret=self._key)

    def _submit(self, model: str, arguments: dict[str, Any], work: Work) -> SyncRequestHandle:
        try:
            with self._connect(self._patience(work)) as client:
                return client.submit(model, arguments)
        except FalClientHTTPError as error:
            refusal = read_refusal(error.response, secret=self._key)
            is_unknown = error.response.status_code == httpx.codes.NOT_FOUND
            raise (ModelRetired(str(refusal)) if is_unknown else refusal) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, SSRFGuardError) as error:
            raise ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            # It may have been taken and be paid for: the run ends here, and is never submitted again.
            raise ProviderTimeout(f"fal.ai did not say whether it took the job: {type(error).__name__}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ProviderError("fal.ai's answer to a submission makes no sense") from None

    def _read_status(self, job: FalJob, work: Work) -> Status:
        try:
            with self._connect(self._patience(work)) as client:
                return job.handle(client.http).status()
        except FalClientHTTPError as error:
            refusal = read_refusal(error.response, secret=self._key)
            passes = isinstance(refusal, PASSING) or error.response.is_server_error
            raise (NotNow(refusal) if passes else refusal) from None
        except (httpx.HTTPError, SSRFGuardError) as error:
            raise NotNow(ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}")) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotNow(ProviderError("fal.ai's status makes no sense")) from None

    def _fetch(self, job: FalJob, status: Completed, work: Work) -> Done:
        """Read the result and bring its file; an address that expired is asked for once more."""
        try:
            data = self._download(job, work)
        except FileGone:
            data = self._download(job, work)
        usage = {"seconds": round(job.age_s, 3)}
        inference = status.metrics.get("inference_time") if isinstance(status.metrics, dict) else None
        if isinstance(inference, int | float):
            usage["inferenceSeconds"] = inference
        return Done([_result(data, work)], usage=usage, response={"status": "COMPLETED", "resultBytes": len(data)})

    def _download(self, job: FalJob, work: Work) -> bytes:
        address = _address(self._read_answer(job, work), work)
        limit = SCENE_BYTES if work.operation == CLOUD else RESULT_BYTES
        try:
            return fetch_file(address, max_bytes=limit, within_s=RESULT_S)
        except ProviderUnavailable as error:
            raise NotNow(error) from None

    def _read_answer(self, job: FalJob, work: Work) -> Any:
        """What the job's model answered; raises what fal says went wrong with the job."""
        try:
            with self._connect(self._patience(work)) as client:
                response = client.http.get(job.response_url)
        except AnswerRefused:
            raise ProviderError("fal.ai's result is far too large") from None
        except (httpx.HTTPError, SSRFGuardError) as error:
            raise NotNow(ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}")) from None
        if not response.is_success:
            refusal = read_refusal(response, secret=self._key)
            # A gateway in between has trouble, too; what fal itself says of a completed job is its end.
            passes = isinstance(refusal, ProviderRateLimited | AccountRefused) or not is_said_by_fal(response)
            raise NotNow(refusal) if passes and not response.is_redirect else refusal
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise ProviderError("fal.ai's result is no JSON") from None

    def _patience(self, work: Work) -> float:
        return min(self._account.config.request_timeout_seconds, max(work.time_left_s, SHORTEST_CALL_S))

    def _connect(self, within_s: float) -> FalClient:
        http = guarded_client(
            within_s=within_s,
            max_bytes=ANSWER_BYTES,
            base_url=self._base_url,
            headers={**self._account.config.headers, "Authorization": f"Key {self._key}"},
        )
        return FalClient(default_timeout=within_s, http=http)


def _image(work: Work) -> InputFile:
    if work.operation != CLOUD:
        return work.files["assetId"]
    if not work.previous:
        raise InvalidWork("there is no cut-out to work on")
    return work.previous[0]


def _arguments(work: Work, address: str) -> dict[str, Any]:
    return {"image_urls": [address]} if work.operation == CLOUD else {"image_url": address, "sync_mode": False}


def _address(answer: Any, work: Work) -> str:
    """Where the file of an answer is: `image` of a cut-out; of a scene the first of `data`, an address or a file."""
    try:
        named = answer["data"][0] if work.operation == CLOUD else answer["image"]
        address = named if isinstance(named, str) else named["url"]
    except (KeyError, IndexError, TypeError):
        address = None
    if not isinstance(address, str):
        raise ProviderError("fal.ai's result names no file")
    return address


def _result(data: bytes, work: Work) -> OutputFile:
    if work.operation == CLOUD:
        return read_scene(data, _image(work), model=work.model or str(FAL.offers[CLOUD].model))
    return read_cutout(data, _image(work).data)


def _look_again(job: FalJob, *, progress: float | None = None, trouble: ProviderError | None = None) -> Waiting:
    wait = next_look_s(job.age_s, trouble, first_s=FIRST_CHECK_S, last_s=LAST_CHECK_S)
    return Waiting(job.id, wait, progress, job=job.saved(), trouble=trouble)
