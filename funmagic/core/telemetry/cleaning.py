"""The one place that decides what of a log line is written: nothing secret, long, or that moves a cursor."""

import json
import re
import sys
from itertools import islice
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from funmagic.core.telemetry.printable import escape_controls, shorten
from funmagic.core.telemetry.redact import HIDDEN, LOOKED_AT, SECRET_NAMES, hide_secrets
from funmagic.core.telemetry.tracebacks import LONGEST_TRACEBACK, write_traceback

# In bytes: what a library's line may hold, and one text; what a line of ours may beside its traceback; and each of the
# messages in a traceback.
LONGEST_TEXT = 1800
LONGEST_LINE = 4000
LONGEST_MESSAGE = 500
SHORT = {"time", "timestamp", "level", "process", "logger"}
MOST_ITEMS = 50
DEEPEST = 4
# Libraries that repeat what clients sent, and the names of their tabs. Of what they say in a web process, the words up
# to the first mark that data could follow are kept, and where in their code it was said.
REPEATERS = {"asyncio", "engineio", "reflex", "reflex_base", "socketio"}
WORDS = re.compile(r"[\w ,.;-]{0,200}+")


class CleanLines:
    """A processor of structlog's: a line's fields as they may be written.

    Before the line is encoded, so that what is hidden can never swallow a quote and break it.
    """

    def __init__(self, *, serves_clients: bool) -> None:
        self._serves_clients = serves_clients

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Clean a line; an exception becomes its traceback."""
        record = event.pop("_record")
        is_ours = event.pop("_from_structlog")
        error = _exception(event.pop("exc_info", None))
        if self._serves_clients and record.name.partition(".")[0] in REPEATERS:
            event["event"] = _plain_words(event["event"])
            event["where"] = f"{record.module}.{record.funcName}:{record.lineno}"
        line = _Line(LONGEST_LINE if is_ours else LONGEST_TEXT)
        # What is always short comes first, and is never crowded out.
        in_turn = sorted(event, key=lambda name: (name not in SHORT, name == "event" and not is_ours))
        parts = {name: line.clean(name, event[name]) for name in in_turn}
        cleaned: EventDict = {name: parts[name] for name in event}
        if error is not None:
            longest = LONGEST_TRACEBACK if is_ours or not self._serves_clients else max(line.left, LONGEST_MESSAGE)
            cleaned["exception"] = write_traceback(error, _clean, longest)
        return cleaned


class _Line:
    """What may still be written of one line, in bytes."""

    def __init__(self, longest: int) -> None:
        self.left = longest

    def clean(self, name: str, value: Any, depth: int = 0) -> Any:
        """A field's value; numbers stay as they are, and what is named like a secret is blanked."""
        self.left -= 1
        if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < sys.maxsize):
            return value if self.left > 0 else "…"
        if SECRET_NAMES.search(name):
            return HIDDEN
        if isinstance(value, dict) and depth < DEEPEST:
            items = islice(value.items(), MOST_ITEMS)
            return {self._text(str(key)): self.clean(str(key)[:100], item, depth + 1) for key, item in items}
        if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
            return [self.clean(name, item, depth + 1) for item in islice(value, MOST_ITEMS)]
        return self._text(value if isinstance(value, str) else _repr(value))

    def _text(self, text: str) -> str:
        if self.left <= 0:
            return "…"
        cleaned = _clean(text, min(self.left, LONGEST_TEXT))
        self.left -= len(json.dumps(cleaned, ensure_ascii=False).encode())
        return cleaned


def _clean(text: str, longest: int = LONGEST_MESSAGE) -> str:
    shown = escape_controls(hide_secrets(text))
    kept = shorten(shown, longest)
    return kept if len(kept) == len(shown) and len(text) <= LOOKED_AT else f"{kept} … [cut: {len(text)} characters]"


def _repr(value: Any) -> str:
    try:
        return repr(value[:LOOKED_AT] if isinstance(value, bytes | bytearray) else value)
    except Exception as error:  # noqa: BLE001 - whatever it is: the line says so, and is not lost
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _plain_words(text: str) -> str:
    words = WORDS.match(text)
    kept = words[0].strip() if words else ""
    return kept if len(kept) == len(text) else f"{kept} … [{len(text) - len(kept)} characters left out]"


def _exception(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info else None
