"""Keeps a log readable when clients set off the same complaint again and again, and says how much it left out."""

import logging
import threading
from collections import Counter

import structlog

log = structlog.get_logger()

LEFT_OUT = "log_lines_left_out"
MOST_LINES = 20
WINDOW_S = 10.0

Kind = tuple[str, str]


class LimitFloods(logging.Filter):
    """Lets `most` complaints of a kind through in each window, and tells at its end how many more there were.

    A kind is a level of one library's, or an event of ours; what only informs is not limited.
    """

    def __init__(self, most: int = MOST_LINES, window_s: float = WINDOW_S) -> None:
        super().__init__()
        self._most = most
        self._window_s = window_s
        self._lock = threading.Lock()
        self._counts: Counter[Kind] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be written."""
        kind = _kind(record)
        if record.levelno < logging.WARNING or kind[1] == LEFT_OUT:
            return True
        with self._lock:
            if not self._counts:
                self._begin_window()
            self._counts[kind] += 1
            return self._counts[kind] <= self._most

    def end_window(self) -> None:
        """End the window: one line for each kind of which lines were left out."""
        with self._lock:
            counts = self._counts
            self._counts = Counter()
        for (source, what), number in counts.items():
            if number > self._most:
                log.warning(LEFT_OUT, source=source, what=what, lines=number - self._most)

    def _begin_window(self) -> None:
        timer = threading.Timer(self._window_s, self.end_window)
        timer.daemon = True
        timer.start()


def _kind(record: logging.LogRecord) -> Kind:
    if isinstance(record.msg, dict):  # ours: structlog's event
        return record.name, str(record.msg.get("event"))
    return record.name.partition(".")[0], record.levelname.lower()
