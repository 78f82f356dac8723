"""The protocol every provider speaks: start a piece of work, look at it again, and fail in typed ways."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from funmagic.models.assets import AssetKind
from funmagic.tasks.failures import FailureCode

Report = Callable[[float], None]


@dataclass(frozen=True)
class InputFile:
    """A file for the provider: its bytes, type and the name its owner gave it."""

    data: bytes
    mime: str
    filename: str


@dataclass(frozen=True)
class Work:
    """One step's work: the operation, its files and values, and the model and options an admin chose.

    `previous` is what the step before it made.
    """

    operation: str
    files: dict[str, InputFile]
    values: dict[str, str] = field(default_factory=dict)
    previous: list[InputFile] = field(default_factory=list)
    model: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OutputFile:
    """A file that a provider made."""

    data: bytes
    kind: AssetKind
    mime: str
    extension: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Done:
    """The work is finished."""

    files: list[OutputFile]
    usage: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """The provider works on it; look again after so many seconds."""

    provider_job_id: str
    check_after_s: float
    progress: float | None = None


class Provider(Protocol):
    """A service, or this machine, that does the work of a step."""

    def start(self, work: Work, report: Report) -> Done | Waiting:
        """Begin the work; a remote provider answers Waiting with its job's id at once."""

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:
        """Look at work that was begun, by whichever worker."""


class ProviderError(Exception):
    """The provider could not do the work; the text is for operators, never for users."""

    failure: ClassVar[FailureCode] = FailureCode.PROVIDER


class ProviderUnavailable(ProviderError):
    """The provider is down, unreachable, or not set up."""


class ProviderTimeout(ProviderError):
    """The provider took longer than it may."""

    failure = FailureCode.TIMEOUT


class ProviderRejected(ProviderError):
    """The provider refuses this content, now and always."""

    failure = FailureCode.REJECTED


class InvalidWork(ProviderError):
    """The input cannot be worked on."""

    failure = FailureCode.INVALID_INPUT


class ProviderRateLimited(ProviderError):
    """The provider asks to be called later; this is not yet a failure."""

    failure = FailureCode.RATE_LIMITED

    def __init__(self, retry_after_s: float | None = None) -> None:
        super().__init__(f"rate limited, retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s
