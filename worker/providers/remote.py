"""What all adapters of remote providers do alike, so that each only says what is different at its own."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import httpx
import structlog
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import AnswerRefused, guarded_client
from funmagic.providers.registry import PROVIDER_TYPES
from worker.providers.accounts import Account
from worker.providers.base import (
    Done,
    MalformedAnswer,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    Report,
    Waiting,
    Work,
)
from worker.providers.downloads import FileGone, fetch_file
from worker.providers.polling import PASSING, JobEnded, PollFailed, next_poll_s
from worker.providers.refusals import clean_words, error_of_status, read_retry_after

log = structlog.get_logger()

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, SSRFGuardError)


class RemoteProvider(ABC):
    """A remote provider for one account; made anew for each call, it keeps nothing.

    An adapter says how to `submit` work and how to `ping` the provider, and where work goes on as a job, how to `poll`
    and to `stop` it. It makes its calls within `typed_errors`, the one that may be paid for as `is_paid`.
    """

    authorization: ClassVar[str] = "Bearer"
    answer_bytes: ClassVar[int] = 1_000_000
    result_bytes: ClassVar[int] = 100_000_000
    # With a few short calls, two of these at most in one check: all within the queue's time limit for a job.
    result_s: ClassVar[float] = 45.0
    # What was done in time is brought home even when the time is over.
    shortest_call_s: ClassVar[float] = 1.0
    first_poll_s: ClassVar[float] = 1.0
    last_poll_s: ClassVar[float] = 5.0
    # HTTP statuses that mean something particular here, and what an answer that makes no sense raises in its reader.
    refusals: ClassVar[Mapping[int, type[ProviderError]]] = {}
    senseless: ClassVar[tuple[type[Exception], ...]] = (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    )

    def __init__(self, account: Account) -> None:
        if account.api_key is None:
            raise ProviderUnavailable(f"the provider {account.name} has no API key")
        self.account = account
        self.type = PROVIDER_TYPES[account.type]
        self.key = account.api_key.get_secret_value()
        self.base_url = account.base_url or str(self.type.base_url)
        self.call_s = account.config.request_timeout_seconds

    def start(self, work: Work, report: Report) -> Done | Waiting:
        """Submit the work; raises ProviderTimeout when the provider may have taken it without saying so."""
        if work.operation not in self.type.offers:
            raise ProviderUnavailable(f"the provider {self.account.name} cannot do {work.operation}")
        return self.submit(work, self.model_for(work), report)

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002 - the protocol
        """Poll a job; a poll that fails is repeated for as long as the engine allows."""
        try:
            polled = self.poll(provider_job_id, work)
        except JobEnded as ended:
            raise ended.error from None
        except PollFailed as failed:
            return self._poll_again(provider_job_id, work, trouble=failed.trouble)
        except PASSING as trouble:
            return self._poll_again(provider_job_id, work, trouble=trouble)
        return polled if isinstance(polled, Done) else self._poll_again(provider_job_id, work, progress=polled)

    def cancel(self, provider_job_id: str, work: Work) -> bool:
        """Stop a job; True once the provider says that it will, or that the job is over anyway."""
        try:
            with self.typed_errors():
                return self.stop(provider_job_id, work)
        except ProviderError as error:
            log.warning("cancel_failed", provider=self.account.name, job_id=provider_job_id, error=str(error))
            return False

    def check_health(self) -> None:
        """Call the provider for free; raises AccountRefused for a key that it refuses."""
        with self.typed_errors():
            self.ping()

    @abstractmethod
    def submit(self, work: Work, model: str, report: Report) -> Done | Waiting:
        """Have the model do the work: Done where one request does it all, else what `submitted` makes of the job."""

    def poll(self, job_id: str, work: Work) -> Done | float | None:  # noqa: ARG002 - for adapters with jobs
        """What the job made, or how far it is, from 0 to 1; its own end without a result is an error that is raised.

        What is in `PASSING` says nothing of the job, unless it is wrapped in JobEnded; what is not in it ends the job,
        unless it is wrapped in PollFailed.
        """
        raise JobEnded(ProviderUnavailable(f"{self.type.title} leaves no job behind"))

    def stop(self, job_id: str, work: Work) -> bool:  # noqa: ARG002 - for adapters with jobs
        """Request that the provider stops the job; whether it is known to run no more. Most know no way to."""
        return False

    @abstractmethod
    def ping(self) -> None:
        """Make a call that costs nothing and that only those may make whose key is good."""

    def read_refusal(self, response: httpx.Response) -> ProviderError:
        """The typed error of an answer that is not a success; its text, for operators, holds no key and no file."""
        status = response.status_code
        words = clean_words(self.words_of(response), secrets=[self.key])
        text = f"{self.type.title} answered HTTP {status}: {words}."
        if status in self.refusals:
            return self.refusals[status](text)
        return error_of_status(status, text, retry_after_s=read_retry_after(response.headers))

    def words_of(self, response: httpx.Response) -> str:  # noqa: ARG002 - for adapters that know the format
        """What a refusal says of itself."""
        return "no reason given"

    @contextmanager
    def typed_errors(self, *, is_paid: bool = False) -> Iterator[None]:
        """Raise a typed error for whatever goes wrong with the calls within.

        When it cannot be told whether a paid one arrived, that is a ProviderTimeout: the run ends, and is sent no more.
        """
        title = self.type.title
        try:
            yield
        except AnswerRefused as error:
            raise MalformedAnswer(f"{title}'s answer cannot be read: {error}") from None
        except NOT_SENT as error:
            raise ProviderUnavailable(f"{title} cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            problem = f"{title} did not finish its answer: {type(error).__name__}"
            raise (ProviderTimeout(problem) if is_paid else ProviderUnavailable(problem)) from None
        except self.senseless:
            raise MalformedAnswer(f"{title}'s answer makes no sense") from None

    def model_for(self, work: Work) -> str:
        """The model that an admin chose, or the usual one."""
        return work.model or str(self.type.offers[work.operation].model)

    def patience(self, work: Work) -> float:
        """Seconds that a call may take: the account's time for one, and no more than the step has left."""
        return min(self.call_s, max(work.time_left_s, self.shortest_call_s))

    def connect(self, within_s: float) -> httpx.Client:
        """A guarded connection to the provider as this account, for calls that all end within so many seconds."""
        return guarded_client(
            within_s=within_s,
            max_bytes=self.answer_bytes,
            base_url=self.base_url,
            headers={**self.account.config.headers, "Authorization": f"{self.authorization} {self.key}"},
        )

    def request(self, method: str, path: str, within_s: float, **options: Any) -> httpx.Response:
        """The answer to one request, sent once; raises the typed error of a refusal."""
        with self.connect(within_s) as client:
            response = client.request(method, path, **options)
        if not response.is_success:
            raise self.read_refusal(response)
        return response

    def fetch(self, address: str, *, again: Callable[[], str] | None = None, max_bytes: int | None = None) -> bytes:
        """The file at an address that the provider named; one that expired is asked for `again`, once."""
        limit = max_bytes or self.result_bytes
        try:
            return fetch_file(address, max_bytes=limit, within_s=self.result_s)
        except FileGone:
            if again is None:
                raise
        return fetch_file(again(), max_bytes=limit, within_s=self.result_s)

    def submitted(self, job_id: str, request: dict[str, Any], **job: Any) -> Waiting:
        """The job that the provider took, with what polling it needs besides its id, and the record of the request."""
        return Waiting(job_id, self.first_poll_s, job={**job, "submittedAt": time.time()}, request=request)

    def age_s(self, work: Work) -> float:
        """How long ago the job was submitted."""
        submitted_at = work.job.get("submittedAt")
        return max(time.time() - submitted_at, 0.0) if isinstance(submitted_at, int | float) else 0.0

    def _poll_again(
        self, job_id: str, work: Work, *, progress: float | None = None, trouble: ProviderError | None = None
    ) -> Waiting:
        if trouble is not None:
            log.warning("poll_failed", provider=self.account.name, job_id=job_id, trouble=str(trouble))
        wait = next_poll_s(self.age_s(work), trouble, first_s=self.first_poll_s, last_s=self.last_poll_s)
        return Waiting(job_id, wait, progress, job=work.job, trouble=trouble)
