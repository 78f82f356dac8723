"""Polling a remote job: when to poll next, and what a poll that failed says of the job."""

from worker.providers.base import (
    MalformedAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)

# What keeps us from polling, and says nothing of the job, which goes on.
PASSING = (ProviderRateLimited, ProviderTimeout, ProviderUnavailable, MalformedAnswer)


class PollFailed(Exception):
    """An error kept us from polling, though it is of a kind that might end a job: the job goes on."""

    def __init__(self, trouble: ProviderError) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


class JobEnded(Exception):
    """The job ended with this error, though it is of a kind that might pass."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


def next_poll_s(age_s: float, trouble: ProviderError | None, *, first_s: float, last_s: float) -> float:
    """Seconds until the next poll: the older a job, the longer, within these two, and no sooner than we were asked."""
    wait = min(max(age_s / 4, first_s), last_s)
    if isinstance(trouble, ProviderRateLimited):
        wait = max(wait, trouble.retry_after_s or 0)
    return wait
