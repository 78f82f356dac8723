"""The `fal` provider: does operations through fal.ai's queue.

Once fal has taken a job, nothing but fal's own word that it failed, or the end of its time, ends the run: whatever
else goes wrong while looking is a Waiting with its trouble. And no job is ever submitted twice by this adapter.
"""

import re
from typing import Any

import fal_client
import httpx
import structlog
from fal_client import Completed, FalClientHTTPError, Queued, Status
from fal_client.client import SyncRequestHandle
from ssrfguard import SSRFGuardError

from funmagic.outbound import AnswerRefused, guarded_client
from funmagic.providers.types import FAL
from worker.downloads import FileGone, fetch_file
from worker.providers.accounts import Account
from worker.providers.base import (
    Done,
    InputFile,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.cutouts import read_cutout
from worker.providers.fal_errors import is_said_by_fal, read_refusal
from worker.providers.fal_queue import FalClient, FalJob

log = structlog.get_logger()

MODEL_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){1,5}", re.ASCII)
ANSWER_BYTES = 1_000_000
RESULT_BYTES = 100_000_000
# With three calls of fal's, two of these at most in one look: all within the queue's time limit for a job.
RESULT_S = 45.0
FIRST_CHECK_S, LAST_CHECK_S = 1.0, 5.0
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
        if work.operation not in FAL.models:
            raise ProviderUnavailable(f"the provider {self._account.name} cannot do {work.operation}")
        model = work.model or str(FAL.models[work.operation])
        if not MODEL_NAME.fullmatch(model):
            raise ProviderUnavailable(f"{model} is not the name of a model of fal.ai")
        photo = work.files["assetId"]
        handle = self._submit(model, work.options, photo)
        job = FalJob.of(handle)
        job.check_home(self._base_url)
        request = {"model": model, "options": work.options, "image_url": f"asset {photo.asset_id}"}
        return Waiting(job.id, FIRST_CHECK_S, job=job.saved(), request=request)

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002
        """Look at a job; a look that fails is repeated until the job's time is over, and then fal is told to stop."""
        job = FalJob.restored(provider_job_id, work.job)
        job.check_home(self._base_url)
        try:
            status = self._read_status(job)
            if isinstance(status, Completed):
                return self._fetch(job, status, work.files["assetId"])
        except _NotNow as not_now:
            log.warning("fal_check_failed", job_id=job.id, trouble=str(not_now.trouble))
            return self._look_again(job, trouble=not_now.trouble)
        return self._look_again(job, progress=QUEUED_PROGRESS if isinstance(status, Queued) else RUNNING_PROGRESS)

    def _submit(self, model: str, options: dict[str, Any], photo: InputFile) -> SyncRequestHandle:
        # A data URI: the photo reaches fal without an address of ours that others could use. Uploads end at 20 MB.
        arguments = {**options, "sync_mode": False, "image_url": fal_client.encode(photo.data, photo.mime)}
        try:
            with self._connect() as client:
                return client.submit(model, arguments)
        except FalClientHTTPError as error:
            raise read_refusal(error.response, secret=self._key) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, SSRFGuardError) as error:
            raise ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            # It may have been taken and be paid for: the run ends here, and is never submitted again.
            raise ProviderTimeout(f"fal.ai did not say whether it took the job: {type(error).__name__}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ProviderError("fal.ai's answer to a submission makes no sense") from None

    def _read_status(self, job: FalJob) -> Status:
        try:
            with self._connect() as client:
                return job.handle(client.http).status()
        except FalClientHTTPError as error:
            refusal = read_refusal(error.response, secret=self._key)
            passes = isinstance(refusal, ProviderRateLimited | ProviderTimeout) or error.response.is_server_error
            raise (_NotNow(refusal) if passes else refusal) from None
        except (httpx.HTTPError, SSRFGuardError) as error:
            raise _NotNow(ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}")) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _NotNow(ProviderError("fal.ai's status makes no sense")) from None

    def _fetch(self, job: FalJob, status: Completed, photo: InputFile) -> Done:
        """Read the result and bring its image; an address that expired is asked for once more."""
        try:
            data = self._download(job)
        except FileGone:
            data = self._download(job)
        usage = {"seconds": round(job.age_s, 3)}
        inference = status.metrics.get("inference_time") if isinstance(status.metrics, dict) else None
        if isinstance(inference, int | float):
            usage["inferenceSeconds"] = inference
        return Done([read_cutout(data, photo.data)], usage=usage)

    def _download(self, job: FalJob) -> bytes:
        address = self._read_address(job)
        try:
            return fetch_file(address, max_bytes=RESULT_BYTES, within_s=RESULT_S)
        except ProviderUnavailable as error:
            raise _NotNow(error) from None

    def _read_address(self, job: FalJob) -> str:
        """Where the job's image is; raises what fal says went wrong with the job."""
        try:
            with self._connect() as client:
                response = client.http.get(job.response_url)
        except AnswerRefused:
            raise ProviderError("fal.ai's result is far too large") from None
        except (httpx.HTTPError, SSRFGuardError) as error:
            raise _NotNow(ProviderUnavailable(f"fal.ai cannot be reached: {type(error).__name__}")) from None
        if not response.is_success:
            refusal = read_refusal(response, secret=self._key)
            # A gateway in between has trouble, too; what fal itself says of a completed job is its end.
            passes = isinstance(refusal, ProviderRateLimited) or not is_said_by_fal(response)
            raise _NotNow(refusal) if passes and not response.is_redirect else refusal
        try:
            address = response.json()["image"]["url"]
        except (ValueError, KeyError, TypeError):
            address = None
        if not isinstance(address, str):
            raise ProviderError("fal.ai's result names no image")
        return address

    def _look_again(
        self, job: FalJob, *, progress: float | None = None, trouble: ProviderError | None = None
    ) -> Waiting:
        left = self._account.config.timeout_seconds - job.age_s
        if left <= 0:
            self._cancel(job)
            raise ProviderTimeout(f"fal.ai did not finish job {job.id} in time") from trouble
        wait = min(max(job.age_s / 4, FIRST_CHECK_S), LAST_CHECK_S)
        if isinstance(trouble, ProviderRateLimited):
            wait = max(wait, trouble.retry_after_s or 0)
        return Waiting(job.id, min(wait, max(left, FIRST_CHECK_S)), progress, job=job.saved(), trouble=trouble)

    def _cancel(self, job: FalJob) -> None:
        try:
            with self._connect() as client:
                job.handle(client.http).cancel()
        except (FalClientHTTPError, httpx.HTTPError, SSRFGuardError) as error:
            log.warning("fal_cancel_failed", job_id=job.id, kind=type(error).__name__)

    def _connect(self) -> FalClient:
        config = self._account.config
        http = guarded_client(
            within_s=config.request_timeout_seconds,
            max_bytes=ANSWER_BYTES,
            base_url=self._base_url,
            headers={**config.headers, "Authorization": f"Key {self._key}"},
        )
        return FalClient(default_timeout=config.request_timeout_seconds, http=http)


class _NotNow(Exception):
    """A look told nothing; the job goes on."""

    def __init__(self, trouble: ProviderError) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble
