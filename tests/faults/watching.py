"""Watching a run over HTTP as a browser's EventSource does: it comes back with Last-Event-ID until told to stop."""

import json
import threading
from contextlib import suppress
from typing import Any

import httpx

from funmagic.tasks.events import TERMINAL_EVENTS
from tests.clients import new_client
from tests.waiting import PATIENCE_S

RECONNECT_S = 0.05


class EventSource:
    """Everything that one watcher was told, from a thread of its own."""

    def __init__(self, address: str, cookies: dict[str, str], task_id: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.refusals: list[tuple[int, str]] = []
        self.connections = 0
        self.comments = 0
        self.was_told_to_stop = False
        self._path = f"{address}/api/tasks/{task_id}/stream"
        self._cookies = cookies
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    @property
    def ends(self) -> list[str]:
        """The terminal events that were heard."""
        return [event["type"] for event in self.events if event["type"] in TERMINAL_EVENTS]

    @property
    def is_connected(self) -> bool:
        """Whether the first connection has been answered."""
        return self.connections > 0

    def close(self) -> None:
        """Stop following; a stream that is open is left to end with its server."""
        self._closed.set()

    def _follow(self) -> None:
        while not (self._closed.is_set() or self.was_told_to_stop):
            with suppress(httpx.HTTPError):  # the process that served died
                self._connect()
            self._closed.wait(RECONNECT_S)

    def _connect(self) -> None:
        headers = {"Last-Event-ID": self.ids[-1]} if self.ids else {}
        with self._client() as client, client.stream("GET", self._path, headers=headers) as answer:
            if answer.status_code == httpx.codes.NO_CONTENT:
                self.was_told_to_stop = True
            elif answer.status_code == httpx.codes.OK:
                self.connections += 1
                self._read(answer)
            else:
                self.refusals.append((answer.status_code, answer.headers.get("Retry-After", "")))

    def _read(self, answer: httpx.Response) -> None:
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "":
                self.comments += 1
            elif field == "id":
                self.ids.append(value)
            elif field == "data":
                self.events.append(json.loads(value))

    def _client(self) -> httpx.Client:
        return new_client(cookies=self._cookies, timeout=PATIENCE_S)
