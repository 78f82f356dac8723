"""The `local` provider: does each operation's work on this machine's CPU, with no key and no account."""

import time
from collections.abc import Callable
from functools import partial

from funmagic.catalogue.registry import load_modules
from funmagic.core.settings import get_settings
from funmagic.core.weights import read_lock
from worker.providers.accounts import Account
from worker.providers.base import Done, OutputFile, ProviderUnavailable, Report, Waiting, Work
from worker.providers.local.work import build_cloud, build_figure, change_photo, remove_background, stylise_photo

WORK: dict[str, Callable[[Work, Report], OutputFile]] = {
    "remove-background": remove_background,
    "stylise-image": stylise_photo,
    "image-to-model": build_figure,
    "image-to-cloud": build_cloud,
    **{
        operation: partial(change_photo, change)
        for tool in load_modules("local")
        for operation, change in tool.OPERATIONS.items()
    },
}


class Adapter:
    """Runs operations here and now; it never waits, so there is nothing to check or to cancel later."""

    def __init__(self, account: Account) -> None:
        self._name = account.name

    def start(self, work: Work, report: Report) -> Done:
        """Do the work; raises InvalidWork for a photo that cannot be worked on, ProviderUnavailable without a model."""
        if work.operation not in WORK:
            raise ProviderUnavailable(f"the provider {self._name} cannot do {work.operation}")
        began = time.monotonic()
        file = WORK[work.operation](work, report)
        return Done([file], usage={"seconds": round(time.monotonic() - began, 3)})

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002 - the protocol
        """Never called: local work is done when `start` returns."""
        raise ProviderUnavailable("local work leaves no job behind")

    def cancel(self, provider_job_id: str, work: Work) -> bool:  # noqa: ARG002 - the protocol
        """Always True: local work ends with the call that does it."""
        return True

    def check_health(self) -> None:
        """Raise ProviderUnavailable unless every model's weights are there."""
        folder = get_settings().models_dir
        if missing := [model.file_name for model in read_lock() if not (folder / model.file_name).is_file()]:
            names = ", ".join(missing)
            raise ProviderUnavailable(f"models are missing: {names}; run `python -m funmagic fetch-models`")
