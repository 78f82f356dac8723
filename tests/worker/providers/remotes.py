"""What the tests of any adapter must know of each provider."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.worker.providers.remote_run import Runs


@dataclass(frozen=True, kw_only=True)
class Peculiar:
    """What these tests must know of a provider: its fixtures, and what its emulator calls some requests and faults."""

    kind: str
    emulator: str
    runs: str
    paid: str
    health: str
    faults: tuple[str, ...]
    without_input: dict[str, Any]
    poll: str = ""
    downloads: tuple[str, str] = ("", "")
    can_be_stopped: bool = False


FAL = Peculiar(
    kind="fal",
    emulator="fal",
    runs="new_run",
    paid="submit",
    health="status",
    faults=("rejected", "html", "status-error", "exhausted", "expired", "never", "missing-fields"),
    without_input={"operation": "image-to-cloud"},
    poll="status",
    downloads=("result", "file"),
    can_be_stopped=True,
)
REPLICATE = Peculiar(
    kind="replicate",
    emulator="replicate",
    runs="new_prediction",
    paid="create",
    health="account",
    faults=("failed", "html", "status-error", "exhausted", "expired", "never", "bad-input"),
    without_input={"previous": []},
    poll="status",
    downloads=("status", "output"),
    can_be_stopped=True,
)
TRIPO = Peculiar(
    kind="tripo",
    emulator="tripo",
    runs="new_tripo_run",
    paid="create",
    health="balance",
    faults=("exhausted", "rejected", "failed", "banned", "html", "status-error", "expired", "never", "file-error"),
    without_input={"previous": []},
    poll="task",
    downloads=("task", "file"),
)
OPENAI = Peculiar(
    kind="openai",
    emulator="openai",
    runs="new_openai_run",
    paid="edits",
    health="models",
    faults=("moderation", "invalid-image", "stream-error", "html", "cut", "gateway"),
    without_input={"style": None},
)
GOOGLE = Peculiar(
    kind="google",
    emulator="gemini",
    runs="new_gemini_run",
    paid="generateContent",
    health="models",
    faults=("invalid", "wrong-key", "refused", "html", "cut", "gateway"),
    without_input={"style": None},
)
WITH_JOBS, WITHOUT_JOBS = [FAL, REPLICATE, TRIPO], [OPENAI, GOOGLE]
ALL = [*WITH_JOBS, *WITHOUT_JOBS]


class Remote:
    """A provider's emulator and runs at it."""

    def __init__(self, peculiar: Peculiar, request: pytest.FixtureRequest) -> None:
        self.peculiar = peculiar
        self.emulator: Any = request.getfixturevalue(peculiar.emulator)
        self.new_run: Runs = request.getfixturevalue(peculiar.runs)

    def counts(self) -> tuple[int, int]:
        """How often it was asked for what may be paid for, and how often it did it."""
        return self.emulator.requests[self.peculiar.paid], len(self.emulator.jobs)
