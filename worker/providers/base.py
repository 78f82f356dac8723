"""The protocol every provider speaks: start a piece of work, poll its job, cancel it, and fail in typed ways."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from funmagic.models.assets import AssetKind
from funmagic.models.tasks import FailureCode


class Report(Protocol):
    """Tells watchers how far the work is, from 0 to 1, and shows them what there is so far: an image, of any size."""

    def __call__(self, progress: float, *, preview: bytes | None = None) -> None:
        """Report progress; at most ten times a second is it passed on."""


@dataclass(frozen=True)
class InputFile:
    """A file for the provider: its bytes, type, the name its owner gave it, and the asset it is."""

    data: bytes
    mime: str
    filename: str
    asset_id: str = ""


@dataclass(frozen=True)
class StyleReference:
    """The style that a person chose: an image that shows it, and what to ask for in words."""

    prompt: str
    image: InputFile


@dataclass(frozen=True)
class Work:
    """One step's work: the operation, its files and values, and the model and options an admin chose.

    `previous` is what the step (or the run) before it made; `job` is what the provider's `start` left to find its job
    again; all of it must be done within `time_left_s`.
    """

    operation: str
    files: dict[str, InputFile]
    values: dict[str, str] = field(default_factory=dict)
    previous: list[InputFile] = field(default_factory=list)
    style: StyleReference | None = None
    model: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    job: dict[str, Any] = field(default_factory=dict)
    time_left_s: float = 600.0

    @property
    def previous_file(self) -> InputFile:
        """What the step before made; raises InvalidWork when it made nothing."""
        if not self.previous:
            raise InvalidWork("there is nothing that the step before made")
        return self.previous[0]


@dataclass(frozen=True)
class OutputFile:
    """A file that a provider made; `meta` is for its owner to see, `preview` a small WebP picture of it."""

    data: bytes
    kind: AssetKind
    mime: str
    extension: str
    width: int | None = None
    height: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    preview: bytes | None = None


@dataclass(frozen=True)
class Done:
    """The work is finished: its files, what it took (tokens, seconds, cost units), and the records for operators.

    `request` is what was asked for (needed only where no Waiting came before it), `response` what was answered: both
    name files, and hold neither a file nor a key.
    """

    files: list[OutputFile]
    usage: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """The provider works on it; poll it again after so many seconds.

    `job` is what `check` needs besides the id, and `request` is the record of what was asked for: both are saved with
    the step, so neither holds a key or a file. `trouble` is what kept us from polling this time: it counts against the
    provider's health, and never against the run, whose job goes on.
    """

    provider_job_id: str
    check_after_s: float
    progress: float | None = None
    job: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    trouble: "ProviderError | None" = None


class Provider(Protocol):
    """A service, or this machine, that does the work of a step."""

    def start(self, work: Work, report: Report) -> Done | Waiting:
        """Begin the work; a remote provider answers Waiting with its job's id at once."""

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:
        """Poll a job that this or another worker started; Done once its result is here."""

    def cancel(self, provider_job_id: str, work: Work) -> bool:
        """Request that the provider stops a job; whether it is known to run no more. Never raises a ProviderError."""

    def check_health(self) -> None:
        """Check, for free, whether the provider would take our work; raises ProviderError when not."""


class ProviderError(Exception):
    """The provider could not do the work; the text is for operators, never for users."""

    failure: ClassVar[FailureCode] = FailureCode.PROVIDER


class ProviderUnavailable(ProviderError):
    """The provider is down, unreachable, or not set up."""


class AccountRefused(ProviderUnavailable):
    """The provider turns our account away, out of credit or with a wrong key: only an admin can mend that."""


class ModelRetired(ProviderError):
    """The provider does not know the configured model, or no longer: an admin must choose another."""


class ProviderTimeout(ProviderError):
    """The provider took longer than it may."""

    failure = FailureCode.TIMEOUT


class MalformedAnswer(ProviderError):
    """The provider's answer is not in its own format, a proxy's page perhaps, or larger than any of its answers."""


class ProviderRejected(ProviderError):
    """The provider refuses this content, now and always."""

    failure = FailureCode.REJECTED


class InvalidWork(ProviderError):
    """The input cannot be worked on."""

    failure = FailureCode.INVALID_INPUT


class DamagedFile(InvalidWork):
    """The photo's file is damaged: nobody can read it."""

    failure = FailureCode.DAMAGED_FILE


class NoSubject(ProviderError):
    """The photo shows nothing to work on, or what was made of it holds nothing: that is not sold."""

    failure = FailureCode.NO_SUBJECT


class ProviderRateLimited(ProviderError):
    """The provider asks to be called later; this is not yet a failure."""

    failure = FailureCode.RATE_LIMITED

    def __init__(self, retry_after_s: float | None = None) -> None:
        super().__init__(f"rate limited, retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s
