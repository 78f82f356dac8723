"""Writes exceptions down for the log: our own code line by line, and what others wrote into them in one line each."""

from collections.abc import Callable, Iterator
from textwrap import indent
from traceback import TracebackException
from types import TracebackType

CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"
LONGEST_TRACEBACK = 8000
FRAME = '  File "'
# The innermost frames of each exception, the last exceptions of a chain, the first of a group.
MOST_FRAMES = 30
MOST_EXCEPTIONS = 8

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def write_traceback(error: BaseException, clean: Callable[[str], str], longest: int = LONGEST_TRACEBACK) -> str:
    """The traceback as Python writes it, its texts cleaned, and its middle left out where it is too long."""
    told = TracebackException.from_exception(error, limit=-MOST_FRAMES)
    text = "\n".join(_write(told, clean, MOST_EXCEPTIONS))
    if len(text) <= longest:
        return text
    head = longest // 4
    return f"{text[:head]}\n… [cut: {len(text)} characters]\n{text[head - longest :]}"


def _write(told: TracebackException, clean: Callable[[str], str], most: int) -> Iterator[str]:
    before = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    if before is not None and most > 1:
        yield from _write(before, clean, most - 1)
        yield f"\n{CAUSE if told.__cause__ is not None else CONTEXT}\n"
    yield "Traceback (most recent call last):"
    for line in "".join(told.stack.format()).splitlines():
        # Code may have a secret in a text of its own.
        has_text = not line.startswith(FRAME) and ('"' in line or "'" in line)
        yield clean(line) if has_text else line
    yield _name(told, clean)
    for one in (told.exceptions or ())[: most - 1]:
        yield indent("\n".join(_write(one, clean, most // 2)), "  | ")


def _name(told: TracebackException, clean: Callable[[str], str]) -> str:
    kind = told.exc_type
    module = "" if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}."
    text = clean(str(told))
    return f"{module}{kind.__qualname__}: {text}" if text else f"{module}{kind.__qualname__}"
