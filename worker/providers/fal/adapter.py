"""The `fal` provider: does operations through fal.ai's queue, with fal's own client.

Once fal has taken a job, nothing but fal's own word ends the run.
"""

import re
from typing import Any

import httpx
from fal_client import Completed, FalClientHTTPError, Queued, Status

from worker.providers.base import (
    AccountRefused,
    Done,
    MalformedAnswer,
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
from worker.providers.fal.errors import has_status, is_said_by_fal, read_refusal
from worker.providers.fal.queue import FalClient, FalJob
from worker.providers.fal.storage import address_file
from worker.providers.pictures import plain_picture
from worker.providers.polling import JobEnded, PollFailed
from worker.providers.remote import RemoteProvider
from worker.providers.scenes import SCENE_BYTES, read_scene

MODEL_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){1,5}", re.ASCII)
# A job that cannot be: whoever may ask for it is let in, and told that there is none.
NO_JOB = "/fal-ai/bria/requests/00000000-0000-0000-0000-000000000000/status"
NOT_THERE = (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY)
ALREADY_OVER = "ALREADY_COMPLETED"
CLOUD = "image-to-cloud"
# fal says nothing of how far a job is; these only show that it moves.
QUEUED_PROGRESS = 0.1
RUNNING_PROGRESS = 0.5


class Adapter(RemoteProvider):
    """Does operations on fal.ai for one account."""

    authorization = "Key"

    def submit(self, work: Work, model: str, report: Report) -> Waiting:  # noqa: ARG002 - there is nothing to report
        """Give fal the picture and have it queue the job."""
        if not MODEL_NAME.fullmatch(model):
            raise ProviderUnavailable(f"{model} is not the name of a model of fal.ai")
        image = work.previous_file if work.operation == CLOUD else work.files["assetId"]
        address = address_file(plain_picture(image), self.account, within_s=self.patience(work))
        job = self._submit(model, {**work.options, **_arguments(work, address)}, self.patience(work))
        request = {"model": model, "options": work.options, **_arguments(work, f"asset {image.asset_id}")}
        return self.submitted(job.id, request, **job.saved())

    def poll(self, job_id: str, work: Work) -> Done | float:
        """How far the job is in fal's queue, or its result."""
        job = self._restore(job_id, work)
        status = self._read_status(job, work)
        if isinstance(status, Completed):
            return self._bring_home(job, status, work)
        return QUEUED_PROGRESS if isinstance(status, Queued) else RUNNING_PROGRESS

    def stop(self, job_id: str, work: Work) -> bool:
        """True once fal says that it will stop the job, or that it is over anyway."""
        with self.connect(self.call_s) as client:
            response = client.put(self._restore(job_id, work).cancel_url)
        return response.is_success or has_status(response, ALREADY_OVER)

    def ping(self) -> None:
        """Request a job that cannot exist, which costs nothing."""
        with self.connect(self.call_s) as client:
            response = client.get(NO_JOB)
        if not response.is_success and response.status_code not in NOT_THERE:
            raise self.read_refusal(response)

    def read_refusal(self, response: httpx.Response) -> ProviderError:
        """The typed error of an answer that is not a success, by its type, and else by its status."""
        return read_refusal(response, secret=self.key)

    def _submit(self, model: str, arguments: dict[str, Any], within_s: float) -> FalJob:
        try:
            with self.typed_errors(is_paid=True), self._client(within_s) as client:
                job = FalJob.of(client.submit(model, arguments))
        except FalClientHTTPError as error:
            refusal = self.read_refusal(error.response)
            is_unknown = error.response.status_code == httpx.codes.NOT_FOUND
            raise (ModelRetired(str(refusal)) if is_unknown else refusal) from None
        job.check_home(self.base_url)
        return job

    def _restore(self, job_id: str, work: Work) -> FalJob:
        job = FalJob.restored(job_id, work.job)
        job.check_home(self.base_url)
        return job

    def _read_status(self, job: FalJob, work: Work) -> Status:
        try:
            with self.typed_errors(), self._client(self.patience(work)) as client:
                return job.handle(client.http).status()
        except FalClientHTTPError as error:
            refusal = self.read_refusal(error.response)
            raise (PollFailed(refusal) if error.response.is_server_error else refusal) from None

    def _bring_home(self, job: FalJob, status: Completed, work: Work) -> Done:
        try:
            data = self.fetch(
                self._find_file(job, work),
                again=lambda: self._find_file(job, work),
                max_bytes=SCENE_BYTES if work.operation == CLOUD else None,
            )
        except ProviderTimeout as late:
            raise JobEnded(late) from None
        usage = {"seconds": round(self.age_s(work), 3)}
        inference = status.metrics.get("inference_time") if isinstance(status.metrics, dict) else None
        if isinstance(inference, int | float):
            usage["inferenceSeconds"] = inference
        file = self._read_result(data, work)
        return Done([file], usage=usage, response={"status": "COMPLETED", "resultBytes": len(data)})

    def _find_file(self, job: FalJob, work: Work) -> str:
        """The address that the job's answer names; raises what fal says went wrong with the job."""
        try:
            with self.typed_errors(), self.connect(self.patience(work)) as client:
                response = client.get(job.response_url)
                if response.is_success:
                    return _address(response.json(), work)
        except MalformedAnswer as error:
            raise JobEnded(error) from None
        refusal = self.read_refusal(response)
        # A gateway in between has trouble, too; what fal itself says of a completed job is its end.
        passes = isinstance(refusal, ProviderRateLimited | AccountRefused) or not is_said_by_fal(response)
        raise PollFailed(refusal) if passes and not response.is_redirect else JobEnded(refusal)

    def _read_result(self, data: bytes, work: Work) -> OutputFile:
        if work.operation == CLOUD:
            return read_scene(data, work.previous_file, model=self.model_for(work))
        return read_cutout(data, work.files["assetId"].data)

    def _client(self, within_s: float) -> FalClient:
        return FalClient(default_timeout=within_s, http=self.connect(within_s))


def _arguments(work: Work, address: str) -> dict[str, Any]:
    return {"image_urls": [address]} if work.operation == CLOUD else {"image_url": address, "sync_mode": False}


def _address(answer: Any, work: Work) -> str:
    """Where the file of an answer is: `image` of a cut-out; of a scene the first of `data`, an address or a file."""
    try:
        named = answer["data"][0] if work.operation == CLOUD else answer["image"]
        address = named if isinstance(named, str) else named["url"]
    except (LookupError, TypeError):
        address = None
    if not isinstance(address, str):
        raise ProviderError("fal.ai's result names no file")
    return address
