"""The `tripo` provider: makes 3D models of images through Tripo's v3 API, with Tripo's own client.

Tripo has no key that makes a creation harmless to repeat, and no way to stop a task: a creation that was sent is never
sent again, and once Tripo named the task, only its own word on that task, or the end of the step's time, ends the run.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    Done,
    InputFile,
    ModelRetired,
    ProviderError,
    ProviderRejected,
    Report,
    Waiting,
    Work,
)
from worker.providers.pictures import fit_picture
from worker.providers.polling import PollFailed
from worker.providers.refusals import clean_words
from worker.providers.remote import RemoteProvider
from worker.providers.results import model_file
from worker.providers.tripo.client import KEY_PREFIX, GuardedTripo, Task, TaskStatus, TripoError
from worker.providers.tripo.errors import CONTENT_POLICY, NotThere

T = TypeVar("T")

LARGEST_UPLOAD = 20_000_000


class Adapter(RemoteProvider):
    """Makes 3D models at Tripo for one account."""

    shortest_call_s = 5.0
    first_poll_s = 2.0
    last_poll_s = 8.0
    senseless = (*RemoteProvider.senseless, TripoError)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        if not self.key.startswith(KEY_PREFIX):
            raise AccountRefused(f"the API key of the provider {account.name} is not Tripo's: those begin with tsk_")

    def submit(self, work: Work, model: str, report: Report) -> Waiting:  # noqa: ARG002 - there is nothing to report
        """Upload the image and create the task."""
        image = fit_picture(work.previous_file, "image", max_bytes=LARGEST_UPLOAD)
        token = self._upload(image, self.patience(work))
        task_id = self._create(token, model, work)
        return self.submitted(task_id, {"model": model, "options": work.options, "input": f"asset {image.asset_id}"})

    def poll(self, job_id: str, work: Work) -> Done | float:
        """How far the task is, or its model."""
        task = self._read_task(job_id, work)
        if task.status == TaskStatus.SUCCESS:
            return self._bring_home(job_id, task, work)
        if task.is_terminal():
            raise self._error_of(job_id, task)
        return float(min(max(task.progress, 0), 100)) / 100

    def ping(self) -> None:
        """Request the balance; raises AccountRefused when nothing is left of it."""
        if not self._call(self.call_s, lambda tripo: tripo.get_balance()).balance > 0:
            raise AccountRefused("the account at Tripo is out of credit")

    def _upload(self, image: InputFile, within_s: float) -> str:
        with self.typed_errors():
            return self._call(within_s, lambda tripo: tripo.upload_image(image.filename, image.data, image.mime))

    def _create(self, token: str, model: str, work: Work) -> str:
        try:
            with self.typed_errors(is_paid=True):
                return self._call(self.patience(work), lambda tripo: tripo.create_model(token, model, work.options))
        except NotThere as error:
            raise ModelRetired(str(error)) from None

    def _read_task(self, task_id: str, work: Work) -> Task:
        try:
            with self.typed_errors():
                return self._call(self.patience(work), lambda tripo: tripo.get_task(task_id))
        except NotThere:
            raise ProviderError(f"Tripo does not know task {task_id} any more") from None
        except ProviderError as refusal:
            # Of the task itself this says nothing: it goes on, and is paid for.
            raise PollFailed(refusal) from None

    def _bring_home(self, task_id: str, task: Task, work: Work) -> Done:
        data = self.fetch(_find_model(task), again=lambda: _find_model(self._read_task(task_id, work)))
        usage = {"seconds": round(self.age_s(work), 3)}
        if task.credits_consumed is not None and math.isfinite(task.credits_consumed):
            usage["creditsConsumed"] = task.credits_consumed
        response = {"task_id": task_id, "status": task.status.value}
        return Done([model_file(data)], usage=usage, response=response)

    def _error_of(self, task_id: str, task: Task) -> ProviderError:
        """What a task that ended without a model means."""
        said = clean_words(f"code {task.error_code} {task.error_msg or ''}", secrets=[self.key])
        text = f"task {task_id} at Tripo is {task.status.value}: {said}"
        is_refused = task.status == TaskStatus.BANNED or task.error_code == CONTENT_POLICY
        return ProviderRejected(text) if is_refused else ProviderError(text)

    def _call(self, within_s: float, call: Callable[[GuardedTripo], Coroutine[Any, Any, T]]) -> T:
        with self.connect(within_s) as http:
            return asyncio.run(call(GuardedTripo(self.key, self.base_url, http)))


def _find_model(task: Task) -> str:
    address = task.output.model_url
    if not isinstance(address, str):
        raise ProviderError("the task at Tripo ended without a model")
    return address
