"""A worker that also knows a provider whose work takes no time: `python -m benchmarks.instant_worker`."""

from funmagic.models.assets import AssetKind
from tests.factories import photo_bytes
from worker.main import run_worker
from worker.providers.accounts import Account
from worker.providers.base import Done, OutputFile, Report, Waiting, Work
from worker.providers.registry import ADAPTERS

NAME = "instant"
CUTOUT = OutputFile(photo_bytes(format="PNG"), AssetKind.IMAGE, "image/png", "png", width=64, height=48)


class InstantProvider:
    """Has always done the work already, so that only the engine's own time is left."""

    def __init__(self, _account: Account) -> None:
        """Any account will do."""

    def start(self, work: Work, report: Report) -> Done:  # noqa: ARG002 - the protocol
        """A file, as every provider makes one."""
        return Done([CUTOUT], usage={"seconds": 0})

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:
        """Never called: the work is done when `start` returns."""
        raise NotImplementedError

    def cancel(self, provider_job_id: str, work: Work) -> bool:  # noqa: ARG002 - the protocol
        """Nothing runs on."""
        return True

    def check_health(self) -> None:
        """It is always well."""


def do_nothing() -> None:
    """A job of RQ's without any of ours in it."""


if __name__ == "__main__":
    ADAPTERS[NAME] = InstantProvider
    run_worker(["mail", "ai-tasks"])
