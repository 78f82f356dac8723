"""The one place that decides what of a log line is written: nothing secret, nothing that moves a cursor, nothing long."""

import re
import sys
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from funmagic.telemetry.printable import escape_controls
from funmagic.telemetry.redact import HIDDEN, LONGEST_TEXT, SECRET_NAMES, hide_secrets
from funmagic.telemetry.tracebacks import LONGEST_TRACEBACK, write_traceback

# What a line may hold beside its traceback; and the messages in a traceback, of which there may be several.
LONGEST_LINE, LONGEST_MESSAGE = 4 * LONGEST_TEXT, 1000
MOST_ITEMS, DEEPEST = 50, 6
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
        cleaned: EventDict = {name: line.clean(name, value) for name, value in event.items()}
        if error is not None:
            longest = LONGEST_TRACEBACK if is_ours or not self._serves_clients else max(line.left, LONGEST_MESSAGE)
            cleaned["exception"] = write_traceback(error, _clean_message, longest)
        return cleaned


class _Line:
    """What may still be written of one line, in characters."""

    def __init__(self, longest: int) -> None:
        self.left = longest

    def clean(self, name: str, value: Any, depth: int = 0) -> Any:
        """A field's value, of which numbers stay as they are and a text whose name says that it is secret is blanked."""
        if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < sys.maxsize):
            return value
        if SECRET_NAMES.search(name):
            return HIDDEN
        if isinstance(value, dict) and depth < DEEPEST:
            items = list(value.items())[:MOST_ITEMS]
            return {self._text(str(key)): self.clean(str(key)[:LONGEST_TEXT], item, depth + 1) for key, item in items}
        if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
            return [self.clean(name, item, depth + 1) for item in list(value)[:MOST_ITEMS]]
        return self._text(value if isinstance(value, str) else _repr(value))

    def _text(self, text: str) -> str:
        cleaned = escape_controls(hide_secrets(text))[: max(self.left, 0)]
        self.left -= len(cleaned)
        return cleaned


def _clean_message(text: str) -> str:
    return escape_controls(hide_secrets(text, LONGEST_MESSAGE))[: 2 * LONGEST_MESSAGE]


def _repr(value: Any) -> str:
    try:
        return repr(value)
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
