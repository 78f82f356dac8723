"""Looking at a remote job again and again: when the next look is, and what a look that told nothing is."""

from worker.providers.base import ProviderError, ProviderRateLimited


class NotNow(Exception):
    """A look told nothing; the job goes on."""

    def __init__(self, trouble: ProviderError) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


def next_look_s(age_s: float, trouble: ProviderError | None, *, first_s: float, last_s: float) -> float:
    """Seconds until the next look: the older a job, the longer, within these two, and no sooner than we were asked."""
    wait = min(max(age_s / 4, first_s), last_s)
    if isinstance(trouble, ProviderRateLimited):
        wait = max(wait, trouble.retry_after_s or 0)
    return wait
