"""The `tripo` provider: makes 3D models of images through Tripo's v3 API.

Tripo has no key that makes a creation harmless to repeat, and no way to stop a task: a creation that was sent is never
sent again, and once Tripo named the task, only its own word on that task, or the end of the step's time, ends the run.
"""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import httpx
import structlog
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import guarded_client
from funmagic.providers.types import TRIPO
from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    Done,
    InputFile,
    InvalidWork,
    ModelRetired,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.downloads import FileGone, fetch_file
from worker.providers.pictures import fit_picture
from worker.providers.polling import NotNow, next_look_s
from worker.providers.results import model_file
from worker.providers.tripo.client import KEY_PREFIX, GuardedTripo, Task, TaskStatus, TripoError
from worker.providers.tripo.errors import CONTENT_POLICY, NotThere, describe

log = structlog.get_logger()

T = TypeVar("T")

ANSWER_BYTES = 1_000_000
RESULT_BYTES = 100_000_000
LARGEST_UPLOAD = 20_000_000
# With two looks at the task, two of these at most in one check: all within the queue's time limit for a job.
RESULT_S = 45.0
# What was done in time is brought home even when the time is over.
SHORTEST_CALL_S = 5.0
FIRST_CHECK_S, LAST_CHECK_S = 2.0, 8.0
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, SSRFGuardError)
UNREACHABLE = (httpx.HTTPError, SSRFGuardError)
SENSELESS = (TripoError, ValueError, KeyError, TypeError, AttributeError, OverflowError)


class TripoProvider:
    """Makes 3D models at Tripo for one account."""

    def __init__(self, account: Account) -> None:
        if account.api_key is None:
            raise ProviderUnavailable(f"the provider {account.name} has no API key")
        self._account = account
        self._key = account.api_key.get_secret_value()
        self._base_url = account.base_url or str(TRIPO.base_url)
        if not self._key.startswith(KEY_PREFIX):
            raise AccountRefused(f"the API key of the provider {account.name} is not Tripo's: those begin with tsk_")

    def start(self, work: Work, report: Report) -> Waiting:  # noqa: ARG002 - there is nothing to report yet
        """Create the task and answer at once; raises ProviderTimeout when Tripo may have created it unheard."""
        if work.operation not in TRIPO.offers:
            raise ProviderUnavailable(f"the provider {self._account.name} cannot do {work.operation}")
        if not work.previous:
            raise InvalidWork("there is no image to make a model of")
        model = work.model or str(TRIPO.offers[work.operation].model)
        image = fit_picture(work.previous[0], "image", max_bytes=LARGEST_UPLOAD)
        token = self._upload(image, work)
        task_id = self._create(token, model, work)
        request = {"model": model, "options": work.options, "input": f"asset {image.asset_id}"}
        return Waiting(task_id, FIRST_CHECK_S, job={"submittedAt": time.time()}, request=request)

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002
        """Look at a task; a look that fails is repeated, and the engine says when the time is over."""
        age_s = time.time() - float(work.job.get("submittedAt", time.time()))
        try:
            task = self._read_task(provider_job_id, work)
            if task.status == TaskStatus.SUCCESS:
                return self._finish(provider_job_id, task, work, age_s)
        except NotNow as not_now:
            log.warning("tripo_check_failed", job_id=provider_job_id, trouble=str(not_now.trouble))
            return _look_again(provider_job_id, work, age_s, trouble=not_now.trouble)
        if task.is_terminal():
            raise self._end_of(provider_job_id, task)
        return _look_again(provider_job_id, work, age_s, progress=min(max(task.progress, 0), 100) / 100)

    def cancel(self, provider_job_id: str, work: Work) -> bool:  # noqa: ARG002 - the protocol
        """Always False: Tripo has no way to stop a task, which runs to its end."""
        return False

    def check_health(self) -> None:
        """Ask for the balance, which is free; raises AccountRefused when nothing is left of it."""
        try:
            balance = self._ask(self._account.config.request_timeout_seconds, lambda tripo: tripo.get_balance()).balance
        except UNREACHABLE as error:
            raise _unreachable(error) from None
        except SENSELESS:
            raise ProviderError("Tripo's balance makes no sense") from None
        if not balance > 0:
            raise AccountRefused("the account at Tripo is out of credit")

    def _upload(self, image: InputFile, work: Work) -> str:
        """The token of an image that Tripo was given; nothing is paid for yet, whatever goes wrong."""
        try:
            return self._ask(work.time_left_s, lambda tripo: tripo.upload_image(image.filename, image.data, image.mime))
        except UNREACHABLE as error:
            raise _unreachable(error) from None
        except SENSELESS:
            raise ProviderError("Tripo's answer to an upload makes no sense") from None

    def _create(self, token: str, model: str, work: Work) -> str:
        try:
            return self._ask(work.time_left_s, lambda tripo: tripo.create_model(token, model, work.options))
        except NotThere as error:
            raise ModelRetired(str(error)) from None
        except NOT_SENT as error:
            raise _unreachable(error) from None
        except httpx.HTTPError as error:
            # It may have been created and be paid for: the run ends here, and is never sent again.
            raise ProviderTimeout(f"Tripo did not say whether it took the task: {type(error).__name__}") from None
        except SENSELESS:
            raise ProviderError("Tripo's answer to a creation makes no sense") from None

    def _read_task(self, task_id: str, work: Work) -> Task:
        try:
            return self._ask(work.time_left_s, lambda tripo: tripo.get_task(task_id))
        except NotThere:
            raise ProviderError(f"Tripo does not know task {task_id} any more") from None
        except ProviderError as refusal:
            # Of the task itself this says nothing: it goes on, and is paid for.
            raise NotNow(refusal) from None
        except UNREACHABLE as error:
            raise NotNow(_unreachable(error)) from None
        except SENSELESS:
            raise NotNow(ProviderError("Tripo's description of a task makes no sense")) from None

    def _finish(self, task_id: str, task: Task, work: Work, age_s: float) -> Done:
        """Bring the model; an address that expired is asked for once more."""
        try:
            data = _download(task)
        except FileGone:
            data = _download(self._read_task(task_id, work))
        usage = {"seconds": round(age_s, 3)}
        if task.credits_consumed is not None and math.isfinite(task.credits_consumed):
            usage["creditsConsumed"] = task.credits_consumed
        response = {"task_id": task_id, "status": task.status.value}
        return Done([model_file(data)], usage=usage, response=response)

    def _end_of(self, task_id: str, task: Task) -> ProviderError:
        """What a task that ended without a model means."""
        said = describe(f"code {task.error_code} {task.error_msg or ''}", secret=self._key)
        text = f"task {task_id} at Tripo is {task.status.value}: {said}"
        is_refused = task.status == TaskStatus.BANNED or task.error_code == CONTENT_POLICY
        return ProviderRejected(text) if is_refused else ProviderError(text)

    def _ask(self, time_left_s: float, ask: Callable[[GuardedTripo], Coroutine[Any, Any, T]]) -> T:
        config = self._account.config
        http = guarded_client(
            within_s=min(config.request_timeout_seconds, max(time_left_s, SHORTEST_CALL_S)),
            max_bytes=ANSWER_BYTES,
            base_url=self._base_url,
            headers={**config.headers, "Authorization": f"Bearer {self._key}"},
        )
        with http:
            return asyncio.run(ask(GuardedTripo(self._key, self._base_url, http)))


def _download(task: Task) -> bytes:
    address = task.output.model_url
    if not isinstance(address, str):
        raise ProviderError("the task at Tripo ended without a model")
    try:
        return fetch_file(address, max_bytes=RESULT_BYTES, within_s=RESULT_S)
    except (ProviderUnavailable, ProviderTimeout) as error:
        raise NotNow(error) from None


def _look_again(
    task_id: str, work: Work, age_s: float, *, progress: float | None = None, trouble: ProviderError | None = None
) -> Waiting:
    wait = next_look_s(age_s, trouble, first_s=FIRST_CHECK_S, last_s=LAST_CHECK_S)
    return Waiting(task_id, wait, progress, job=work.job, trouble=trouble)


def _unreachable(error: Exception) -> ProviderUnavailable:
    return ProviderUnavailable(f"Tripo cannot be reached: {type(error).__name__}")
