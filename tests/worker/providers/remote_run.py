"""One piece of work at a provider, as the engine would carry it."""

from collections.abc import Callable
from dataclasses import replace

from worker.providers.base import Done, Provider, Waiting, Work


class RemoteRun:
    """What `start` left is given to every `check`; `told` is what the engine was told meanwhile."""

    def __init__(self, provider: Provider, work: Work) -> None:
        self.provider = provider
        self.work = work
        self.told: list[tuple[float, bytes | None]] = []

    def start(self) -> Done | Waiting:
        outcome = self.provider.start(self.work, self._report)
        if isinstance(outcome, Waiting):
            self.waiting = outcome
        return outcome

    def check(self) -> Done | Waiting:
        work = replace(self.work, job=self.waiting.job)
        return self.provider.check(self.waiting.provider_job_id, work, self._report)

    def cancel(self) -> bool:
        return self.provider.cancel(self.waiting.provider_job_id, replace(self.work, job=self.waiting.job))

    def finish(self) -> Done | Waiting:
        outcome = self.start()
        return outcome if isinstance(outcome, Done) else self.check()

    def _report(self, progress: float, *, preview: bytes | None = None) -> None:
        self.told.append((progress, preview))


# Makes a run for an account configured so.
Runs = Callable[..., RemoteRun]
