"""How long a child that stopped waits before it starts again, and when to stop trying."""

LONGEST_DELAY = 10.0
SETTLED_AFTER = 30.0
FAILED_WITHIN = 10.0
MOST_FAILURES = 6


class Backoff:
    """The delays of one child, in seconds: they double until it stays up, and end after too many failures in a row."""

    def __init__(self, first_delay: float) -> None:
        self._first_delay = first_delay
        self._next_delay = first_delay
        self._failures = 0

    def delay_after(self, uptime: float, exit_code: int) -> float | None:
        """The seconds to wait before the next start, or None when the child failed too often in a row."""
        if exit_code == 0:  # a worker that has done its share of jobs asks for a fresh process this way
            return self._first_delay
        self._failures = self._failures + 1 if uptime < FAILED_WITHIN else 0
        if self._failures >= MOST_FAILURES:
            return None
        delay = self._first_delay if uptime >= SETTLED_AFTER else self._next_delay
        self._next_delay = min(delay * 2, LONGEST_DELAY)
        return delay
