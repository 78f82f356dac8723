"""A tab of a browser, as the server sees one: a raw websocket that speaks Reflex's protocol."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from websockets.sync.client import ClientConnection, connect

from funmagic.sessions.service import COOKIE_NAME
from tests.waiting import PATIENCE_S

# Engine.IO's numbers are 2 ping, 3 pong, 4 message, and Socket.IO's 0 connect, 2 event.
NAMESPACE = "/_event"
PREFIX = f"42{NAMESPACE},"
PAGE = "/tools/background-remove"
MARK = "reflex___state____state.tests___security___throwaway____throwaway.mark"

Update = dict[str, Any]


class Tab:
    """One open websocket, whoever's it is."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def send(self, handler: str, payload: dict[str, Any] | None = None, *, query: dict[str, str] | None = None) -> None:
        """Call a handler by its full name, from the tool's page with this query."""
        place = {"pathname": PAGE, "asPath": f"{PAGE}?{urlencode(query or {})}", "query": query or {}}
        event = {"name": handler, "payload": payload or {}, "router_data": place}
        self.send_raw(PREFIX + json.dumps(["event", event]))

    def send_raw(self, frame: str) -> None:
        """Send a frame as it is."""
        self._socket.send(frame)

    def read_until(self, is_wanted: Callable[[Update], bool], patience: float = PATIENCE_S) -> list[Update]:
        """All that the server says, up to the update that is wanted; raises TimeoutError when it never comes."""
        updates: list[Update] = []
        deadline = time.monotonic() + patience
        while not (updates and is_wanted(updates[-1])):
            message = str(self._socket.recv(max(deadline - time.monotonic(), 0)))
            if message == "2":
                self._socket.send("3")
            elif message.startswith(PREFIX):
                updates.append(json.loads(message.removeprefix(PREFIX))[1])
        return updates

    def read_to_mark(self, patience: float = PATIENCE_S) -> list[Update]:
        """All that the server says until it has begun, and unless it waits for something ended, what it was asked."""
        mark = uuid4().hex
        self.send(MARK, {"mark": mark})
        return self.read_until(lambda update: mark in json.dumps(update), patience)


@contextmanager
def open_tab(address: str, token: str | None = None, *, tab: str = "", **headers: str) -> Iterator[Tab]:
    """A tab at this server, with this session; without other headers it comes from the server's own page.

    `tab` is the name under which the server keeps its state: a new one, unless it is given.
    """
    url = f"{address.replace('http', 'ws', 1)}{NAMESPACE}/?EIO=4&transport=websocket&token={tab or uuid4()}"
    sent = (headers or {"Origin": address}) | ({"Cookie": f"{COOKIE_NAME}={token}"} if token else {})
    with connect(url, additional_headers=sent, proxy=None, open_timeout=PATIENCE_S) as socket:
        socket.send(f"40{NAMESPACE},")
        opened = Tab(socket)
        opened.read_to_mark()
        yield opened


def shown(updates: list[Update]) -> dict[str, dict[str, Any]]:
    """What the states of the product show after these updates, by the state's full name; not where the tab is."""
    states: dict[str, dict[str, Any]] = {}
    for update in updates:
        for name, delta in update.get("delta", {}).items():
            if name != "reflex___state____state" and name != MARK.rpartition(".")[0]:
                states.setdefault(name, {}).update(delta)
    return states
