"""Handles events in processes that kill themselves: `python -m tests.funmagic.billing.killed_worker EVENTS.json`.

For each event, one process after another dies at the first, second, third … thing it does with the database, until one
lives through it all. Prints how many died.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from funmagic.billing.events import Event, receive_event
from funmagic.core.db import get_engine, reading, transaction


def main() -> None:
    """Handle the events of a file."""
    # What the first connection loads need not be loaded in every process anew.
    with reading() as session:
        session.execute(sa.select(1))
    get_engine().dispose()
    died = 0
    for event in json.loads(Path(sys.argv[1]).read_text()):
        point = 1
        while not _lives(event, point):
            point += 1
            died += 1
    print(died)


def _lives(event: dict[str, Any], point: int) -> bool:
    """Whether a process of its own that dies at this point comes to its end before."""
    child = os.fork()
    if child == 0:
        _die_at(point)
        with transaction() as session:
            receive_event(session, Event.model_validate(event))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status):
        raise SystemExit("a process failed by itself")
    return True


def _die_at(point: int) -> None:
    left = point

    def count_down(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        sa.event.listen(get_engine(), name, count_down)
    sa.event.listen(Session, "after_commit", count_down)


if __name__ == "__main__":
    main()
