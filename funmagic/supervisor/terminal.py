"""What `up` prints: one line per stage, and every child's output under the child's name."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NAME_WIDTH = 9
COLOURS = (36, 35, 34, 33, 32)
LINES_KEPT = 40


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Print one line for the block: its title, and how many seconds it took."""
    if sys.stdout.isatty():
        print(f"  {title} …", end="\r", flush=True)
    began = time.monotonic()
    yield
    print_line(f"  {title:<32}{time.monotonic() - began:6.1f} s")


def print_line(line: str) -> None:
    """Print a line; a reader that has gone away does not stop the product."""
    with suppress(BrokenPipeError):
        print(line, flush=True)


class ChildOutput:
    """One child's output: passed on line by line under its name, and the last lines kept."""

    def __init__(self, name: str, position: int, *, quiet: bool) -> None:
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        colour = COLOURS[position % len(COLOURS)]
        label = f"{name:<{NAME_WIDTH}}"
        self._prefix = f"\033[{colour}m{label} │\033[0m " if sys.stdout.isatty() else f"{label} | "
        self._quiet = quiet
        self._unfinished = b""

    def take_in(self, data: bytes) -> None:
        """Take in what was read from the child's pipe, wherever in a line it ends."""
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            self._pass_on(line)

    def finish(self) -> None:
        """Pass on what the child wrote after its last line end."""
        if self._unfinished:
            self._pass_on(self._unfinished)
        self._unfinished = b""

    def _pass_on(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self.last_lines.append(text)
        if not self._quiet:
            print_line(self._prefix + text)
