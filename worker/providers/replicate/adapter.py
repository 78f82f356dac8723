"""The `replicate` provider: does operations through Replicate's predictions; its own client is no longer kept.

Once Replicate has taken a prediction, nothing but its own word ends the run. Every address that is called with the key
is the account's own with an id in it that was checked: none that an answer names is.
"""

import math
import re
from typing import Any

import httpx

from worker.providers.base import (
    Done,
    InputFile,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.pictures import plain_picture
from worker.providers.polling import JobEnded
from worker.providers.refusals import clean_words
from worker.providers.remote import RemoteProvider
from worker.providers.scenes import SCENE_BYTES, read_scene

MODEL_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(:(?P<version>[0-9a-f]{64}))?", re.ASCII)
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
QUEUED_PROGRESS = 0.1
RUNNING_PROGRESS = 0.2
RAN_PROGRESS = 0.9
# Of a model that draws a progress bar into its log, the last thing drawn.
PROGRESS_BAR = re.compile(r"(\d{1,3})%\|")
RUNNING = {"starting", "processing"}
STOPPED = {"canceled", "aborted"}
ENDED = {"succeeded", "failed", *STOPPED}
# Replicate ends what we lost sight of by itself; it takes no shorter time than this.
SHORTEST_DEADLINE_S = 5
# A prediction that stopped this near to its end was stopped by the deadline it was created with.
DEADLINE_SLACK_S = 15.0


class Adapter(RemoteProvider):
    """Does operations on Replicate for one account."""

    answer_bytes = 2_000_000
    result_bytes = SCENE_BYTES
    refusals = {httpx.codes.NOT_FOUND: ModelRetired, httpx.codes.UNPROCESSABLE_ENTITY: InvalidWork}

    def submit(self, work: Work, model: str, report: Report) -> Waiting:  # noqa: ARG002 - there is nothing to report
        """Upload the cut-out and create a prediction, which ends by itself when the step's time is over."""
        name, version = _split_model(model)
        cutout = work.previous_file
        address = self._upload(plain_picture(cutout, "cutout"), self.patience(work))
        asked = {"input": {**work.options, "inputs": [address], "to_base64": True, "return_pcd": False}}
        path = "/v1/predictions" if version else f"/v1/models/{name}/predictions"
        try:
            job_id = self._create(path, {**asked, "version": version} if version else asked, work)
        except InvalidWork as refusal:
            raise self._about_model(name, version, refusal, work) from None
        request = {"model": model, "options": work.options, "inputs": [f"asset {cutout.asset_id}"]}
        return self.submitted(job_id, request)

    def poll(self, job_id: str, work: Work) -> Done | float:
        """How far the prediction is, or its scene."""
        prediction = self._read(job_id, work)
        if prediction["status"] in RUNNING:
            return _progress(prediction)
        if prediction["status"] != "succeeded":
            raise JobEnded(self._error_of(prediction, work))
        return self._bring_home(job_id, prediction, work)

    def stop(self, job_id: str, work: Work) -> bool:  # noqa: ARG002 - the id is enough
        """True once Replicate says that the prediction is over."""
        answer = self.request("POST", f"/v1/predictions/{_checked_id(job_id)}/cancel", self.call_s).json()
        return answer["status"] in ENDED

    def ping(self) -> None:
        """Ask who we are."""
        self.request("GET", "/v1/account", self.call_s)

    def words_of(self, response: httpx.Response) -> str:
        """The title and detail of problem details, by RFC 7807."""
        try:
            body = response.json()
        except (ValueError, RecursionError):
            return "no reason"
        said = [body.get("title"), body.get("detail")] if isinstance(body, dict) else []
        return "; ".join(text for text in said if isinstance(text, str))

    def _upload(self, file: InputFile, within_s: float) -> str:
        """The address of a file that Replicate was given, which must be at Replicate's own."""
        try:
            with self.typed_errors():
                content = {"content": ("cutout.png", file.data, file.mime)}
                address = self.request("POST", "/v1/files", within_s, files=content).json()["urls"]["get"]
        except (ProviderTimeout, ModelRetired) as error:
            raise ProviderUnavailable(str(error)) from None
        if not isinstance(address, str) or _origin(address) != _origin(self.base_url):
            raise ProviderError("Replicate's answer to an upload makes no sense")
        return address

    def _create(self, path: str, asked: dict[str, Any], work: Work) -> str:
        deadline = {"Cancel-After": f"{max(math.ceil(work.time_left_s), SHORTEST_DEADLINE_S)}s"}
        with self.typed_errors(is_paid=True):
            answer = self.request("POST", path, self.patience(work), json=asked, headers=deadline).json()
            return _checked_id(answer["id"])

    def _about_model(self, name: str, version: str | None, refusal: InvalidWork, work: Work) -> ProviderError:
        """What a 422 means: it says alike that the input is wrong, and that the version is gone."""
        path = f"/v1/models/{name}" + (f"/versions/{version}" if version else "")
        try:
            with self.typed_errors():
                self.request("GET", path, self.patience(work))
        except ModelRetired:
            return ModelRetired(str(refusal))
        except ProviderError:
            pass
        return refusal

    def _read(self, job_id: str, work: Work) -> dict[str, Any]:
        try:
            with self.typed_errors():
                answer = self.request("GET", f"/v1/predictions/{_checked_id(job_id)}", self.patience(work))
                prediction = dict(answer.json())
                if prediction["status"] not in RUNNING | ENDED:
                    raise ValueError("no status of a prediction")
                return prediction
        except ModelRetired as gone:
            raise ProviderError(str(gone)) from None
        except ProviderTimeout as error:
            raise ProviderUnavailable(str(error)) from None

    def _bring_home(self, job_id: str, prediction: dict[str, Any], work: Work) -> Done:
        try:
            data = self.fetch(_find_scene(prediction), again=lambda: _find_scene(self._read(job_id, work)))
        except ProviderTimeout as late:
            raise JobEnded(late) from None
        usage = {"seconds": round(self.age_s(work), 3)}
        metrics = prediction.get("metrics")
        predicted = metrics.get("predict_time") if isinstance(metrics, dict) else None
        if isinstance(predicted, int | float):
            usage["predictSeconds"] = predicted
        file = read_scene(data, work.previous_file, model=self.model_for(work))
        return Done([file], usage=usage, response={"status": "succeeded", "sceneBytes": len(data)})

    def _error_of(self, prediction: dict[str, Any], work: Work) -> ProviderError:
        if prediction["status"] in STOPPED and work.time_left_s <= DEADLINE_SLACK_S:
            return ProviderTimeout("Replicate stopped the prediction at its deadline")
        said = clean_words(str(prediction.get("error") or ""), secrets=[self.key])
        return ProviderError(f"Replicate says that the prediction {prediction['status']}: {said}")


def _split_model(model: str) -> tuple[str, str | None]:
    """Owner/name, and the version if one is named; raises ProviderUnavailable for what is no model of Replicate's."""
    named = MODEL_NAME.fullmatch(model)
    if named is None:
        raise ProviderUnavailable(f"{model} is not the name of a model of Replicate")
    return named["name"], named["version"]


def _checked_id(job_id: str) -> str:
    """The id of a prediction, as it may stand in an address."""
    if not JOB_ID.fullmatch(job_id):
        raise ProviderError("that is no id of a prediction")
    return job_id


def _find_scene(prediction: dict[str, Any]) -> str:
    output = prediction.get("output")
    named = output.get("data") if isinstance(output, dict) else None
    if not isinstance(named, list) or not named or not isinstance(named[0], str):
        # Replicate removes what a prediction made after an hour.
        raise ProviderError("Replicate's prediction names no scene")
    return named[0]


def _progress(prediction: dict[str, Any]) -> float:
    if prediction["status"] == "starting":
        return QUEUED_PROGRESS
    drawn = PROGRESS_BAR.findall(str(prediction.get("logs") or ""))
    share = min(int(drawn[-1]), 100) / 100 if drawn else 0.5
    return RUNNING_PROGRESS + share * (RAN_PROGRESS - RUNNING_PROGRESS)


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return None
    return parsed.scheme, parsed.host, parsed.port
