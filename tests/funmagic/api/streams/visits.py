"""A client that follows a run's events."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from funmagic.sessions.viewer import Viewer

Visit = Callable[[str, Viewer], httpx.Client]


class Event:
    """One server-sent event: its id line, and its data."""

    def __init__(self, block: str) -> None:
        id_line, data = re.fullmatch(r"(?:id: (\S+)\n)?data: (.+)", block).groups()
        self.id: str | None = id_line
        self.data: dict[str, Any] = json.loads(data)
        self.type: str = self.data["type"]


@contextmanager
def following(client: httpx.Client, task_id: str, last_id: str | None = None) -> Iterator[Iterator[Event]]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with client.stream("GET", f"/api/tasks/{task_id}/stream", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in answer.headers["cache-control"]
        yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[Event]:
    lines: list[str] = []
    for line in answer.iter_lines():
        if line:
            lines.append(line)
        elif block := "\n".join(lines):
            lines = []
            if not block.startswith(":"):
                yield Event(block)
