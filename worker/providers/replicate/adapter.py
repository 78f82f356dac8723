"""The `replicate` provider: does operations through Replicate's predictions.

Once Replicate has taken a prediction, nothing but its own word ends the run: whatever else goes wrong while looking is
a Waiting with its trouble. And no prediction is ever created twice by this adapter.
"""

import re
import time
from typing import Any

import structlog

from funmagic.providers.types import REPLICATE
from worker.providers.accounts import Account
from worker.providers.base import (
    Done,
    InputFile,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.downloads import FileGone, fetch_file
from worker.providers.pictures import plain_picture
from worker.providers.polling import NotNow, next_look_s
from worker.providers.replicate.api import MalformedAnswer, ReplicateApi, split_model
from worker.providers.replicate.errors import for_operators
from worker.providers.scenes import SCENE_BYTES, SCENE_S, read_scene

log = structlog.get_logger()

FIRST_CHECK_S, LAST_CHECK_S = 1.0, 5.0
SHORTEST_CALL_S = 1.0
QUEUED_PROGRESS, RUNNING_PROGRESS, RAN_PROGRESS = 0.1, 0.2, 0.9
# Of a model that draws a progress bar into its log, the last thing drawn.
PROGRESS_BAR = re.compile(r"(\d{1,3})%\|")
RUNNING = {"starting", "processing"}
STOPPED = {"canceled", "aborted"}
ENDED = {"succeeded", "failed", *STOPPED}
# A prediction that stopped this near to its end was stopped by the deadline it was created with.
DEADLINE_SLACK_S = 15.0


class ReplicateProvider:
    """Does operations on Replicate for one account."""

    def __init__(self, account: Account) -> None:
        if account.api_key is None:
            raise ProviderUnavailable(f"the provider {account.name} has no API key")
        self._account = account
        self._key = account.api_key.get_secret_value()
        self._api = ReplicateApi(account, self._key)

    def start(self, work: Work, report: Report) -> Waiting:  # noqa: ARG002 - there is nothing to report yet
        """Create the prediction; raises ProviderTimeout when Replicate may have taken it without saying so."""
        model, cutout = self._model(work), _cutout(work)
        split_model(model)
        address = self._api.upload(plain_picture(cutout, "cutout"), within_s=self._patience(work))
        inputs = {**work.options, "inputs": [address], "to_base64": True, "return_pcd": False}
        try:
            job_id = self._api.create(model, inputs, within_s=self._patience(work), time_left_s=work.time_left_s)
        except InvalidWork as refusal:
            raise self._about_model(model, refusal, work) from None
        request = {"model": model, "options": work.options, "inputs": [f"asset {cutout.asset_id}"]}
        return Waiting(job_id, FIRST_CHECK_S, job={"createdAt": time.time()}, request=request)

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002
        """Look at a prediction; a look that fails is repeated for as long as the engine allows."""
        try:
            prediction = self._read(provider_job_id, work)
            if prediction["status"] == "succeeded":
                return self._fetch(provider_job_id, prediction, work)
        except NotNow as not_now:
            log.warning("replicate_check_failed", job_id=provider_job_id, trouble=str(not_now.trouble))
            return _look_again(provider_job_id, work, trouble=not_now.trouble)
        if prediction["status"] in RUNNING:
            return _look_again(provider_job_id, work, progress=_progress(prediction))
        raise self._end(prediction, work)

    def cancel(self, provider_job_id: str, work: Work) -> bool:  # noqa: ARG002 - the id is enough
        """Tell Replicate to stop; True once it says that the prediction is over."""
        try:
            prediction = self._api.cancel(provider_job_id, within_s=self._account.config.request_timeout_seconds)
        except ProviderError as error:
            log.warning("replicate_cancel_failed", job_id=provider_job_id, error=str(error))
            return False
        return prediction.get("status") in ENDED

    def check_health(self) -> None:
        """Ask Replicate who we are; raises AccountRefused for a token it does not know, else ProviderError."""
        self._api.read_account(within_s=self._account.config.request_timeout_seconds)

    def _model(self, work: Work) -> str:
        if work.operation not in REPLICATE.offers:
            raise ProviderUnavailable(f"the provider {self._account.name} cannot do {work.operation}")
        return work.model or str(REPLICATE.offers[work.operation].model)

    def _about_model(self, model: str, refusal: InvalidWork, work: Work) -> ProviderError:
        """What a 422 means: it says alike that the input is wrong, and that the version is gone."""
        try:
            is_known = self._api.knows(model, within_s=self._patience(work))
        except ProviderError:
            return refusal
        return refusal if is_known else ModelRetired(str(refusal))

    def _read(self, job_id: str, work: Work) -> dict[str, Any]:
        try:
            prediction = self._api.read(job_id, within_s=self._patience(work))
        except ModelRetired as gone:
            raise ProviderError(str(gone)) from None
        except ProviderTimeout as error:
            raise NotNow(ProviderUnavailable(str(error))) from None
        except (ProviderRateLimited, ProviderUnavailable, MalformedAnswer) as error:
            raise NotNow(error) from None
        if prediction.get("status") not in RUNNING | ENDED:
            raise NotNow(ProviderError("Replicate's status makes no sense"))
        return prediction

    def _fetch(self, job_id: str, prediction: dict[str, Any], work: Work) -> Done:
        """Bring the scene and make the cloud; an address that expired is asked for once more."""
        try:
            data = _download(prediction)
        except FileGone:
            data = _download(self._read(job_id, work))
        usage = {"seconds": round(_age_s(work), 3)}
        metrics = prediction.get("metrics")
        predicted = metrics.get("predict_time") if isinstance(metrics, dict) else None
        if isinstance(predicted, int | float):
            usage["predictSeconds"] = predicted
        file = read_scene(data, _cutout(work), model=self._model(work))
        return Done([file], usage=usage, response={"status": "succeeded", "sceneBytes": len(data)})

    def _end(self, prediction: dict[str, Any], work: Work) -> ProviderError:
        said = for_operators(prediction.get("error"), self._key)
        if prediction["status"] in STOPPED and work.time_left_s <= DEADLINE_SLACK_S:
            return ProviderTimeout("Replicate stopped the prediction at its deadline")
        return ProviderError(f"Replicate says that the prediction {prediction['status']}: {said}")

    def _patience(self, work: Work) -> float:
        return min(self._account.config.request_timeout_seconds, max(work.time_left_s, SHORTEST_CALL_S))


def _cutout(work: Work) -> InputFile:
    if not work.previous:
        raise InvalidWork("there is no cut-out to work on")
    return work.previous[0]


def _download(prediction: dict[str, Any]) -> bytes:
    output = prediction.get("output")
    named = output.get("data") if isinstance(output, dict) else None
    if not isinstance(named, list) or not named or not isinstance(named[0], str):
        # Replicate removes what a prediction made after an hour.
        raise ProviderError("Replicate's prediction names no scene")
    try:
        return fetch_file(named[0], max_bytes=SCENE_BYTES, within_s=SCENE_S)
    except ProviderUnavailable as error:
        raise NotNow(error) from None


def _look_again(
    job_id: str, work: Work, *, progress: float | None = None, trouble: ProviderError | None = None
) -> Waiting:
    wait = next_look_s(_age_s(work), trouble, first_s=FIRST_CHECK_S, last_s=LAST_CHECK_S)
    return Waiting(job_id, wait, progress, job=work.job, trouble=trouble)


def _progress(prediction: dict[str, Any]) -> float:
    if prediction["status"] == "starting":
        return QUEUED_PROGRESS
    drawn = PROGRESS_BAR.findall(str(prediction.get("logs") or ""))
    share = min(int(drawn[-1]), 100) / 100 if drawn else 0.5
    return RUNNING_PROGRESS + share * (RAN_PROGRESS - RUNNING_PROGRESS)


def _age_s(work: Work) -> float:
    created_at = work.job.get("createdAt")
    return max(time.time() - created_at, 0.0) if isinstance(created_at, int | float) else 0.0
