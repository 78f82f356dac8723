"""A websocket takes what our pages send, and is closed at anything else before anybody reads it."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from funmagic.http.frames import LONGEST_FRAME, LONGEST_PATH, LONGEST_QUERY, LimitFrames
from tests.funmagic.core.telemetry.hostile import BUSY_S, CLASSES, busy_s, repeated

EVENT = {
    "name": "state.load",
    "payload": {},
    "router_data": {"pathname": "/tools", "asPath": "/tools?a=1", "query": {}},
}
LEAVE = {"type": "websocket.disconnect", "code": 1000}


class Conversation:
    """One socket: what its application heard, and what was sent to the client."""

    def __init__(self, query: bytes = b"token=1") -> None:
        self.heard: list[Any] = []
        self.sent: list[Message] = []
        self._scope = {"type": "websocket", "path": "/_event/", "query_string": query, "headers": []}

    def send(self, *messages: Message) -> "Conversation":
        """Have a client say this and leave."""
        said = [{"type": "websocket.connect"}, *messages, LEAVE]

        async def receive() -> Message:
            return said.pop(0)

        async def send(message: Message) -> None:
            self.sent.append(message)

        asyncio.run(LimitFrames(self._application)(self._scope, receive, send))
        return self

    @property
    def closed(self) -> list[int]:
        return [message["code"] for message in self.sent if message["type"] == "websocket.close"]

    async def _application(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["text"])
            if message["text"] == "3break":
                raise RuntimeError("it broke")
        # As Engine.IO does, and again after the socket is gone.
        await send({"type": "websocket.close", "code": 1000})


def text(frame: str) -> Message:
    return {"type": "websocket.receive", "text": frame}


def event(**changes: Any) -> str:
    return "42/_event," + json.dumps(["event", EVENT | changes])


SENT_BY_PAGES = [
    "3",
    "1",
    "2probe",
    "40/_event,",
    "40",
    "40/_event," + json.dumps({"event": EVENT, "state_schema": "1"}),
    "41/_event,",
    event(),
    event(payload={"text": "[{" * 9000}),
    "42/_event," + json.dumps(["event", {"name": "state.load", "payload": {}}]),
    '42/_event,7["ping"]',
    '42/_event,["ping"]',
    '42/_event,["client_error",{"message":"x"}]',
]
SENT_BY_NOBODY = {
    "": 1008,
    "x": 1008,
    "b" + "QUJD" * 9: 1008,
    "4": 1008,
    "4x": 1008,
    "٤2": 1008,
    "43/_event,1[]": 1008,
    "44/_event,": 1008,
    '451-/_event,["event",{"_placeholder":true,"num":0}]': 1008,
    "461-/_event,1[]": 1008,
    "42/_event,": 1008,
    "42/_event,5": 1008,
    '42/_event,"event"': 1008,
    "42/_event,{}": 1008,
    "42/_event,[]": 1008,
    "42/_event,[5]": 1008,
    "42/_event," + "[" * 50_000: 1008,
    '42/_event,["event"]': 1008,
    '42/_event,["event","state.load"]': 1008,
    '42/_event,["event",["state.load"]]': 1008,
    '42/_event,["event",{},{}]': 1008,
    '42/_event,["connect",{"asgi.scope":{"client":["10.0.0.1",1]}}]': 1008,
    '42/_event,["disconnect"]': 1008,
    event(name=None): 1008,
    event(name="x" * 501): 1008,
    event(router_data=None): 1008,
    event(router_data={"pathname": "/" * (LONGEST_PATH + 1)}): 1008,
    event(router_data={"pathname": ["/"]}): 1008,
    event(router_data={"query": "x"}): 1008,
    '40/_event,{"event":"state.load"}': 1008,
    "40/_event,[]": 1008,
    '42/_event?["ping"],["connect",{}]': 1008,
    event(payload={"text": "x" * LONGEST_FRAME}): 1009,
    event(payload={"text": "é" * (LONGEST_FRAME // 2)}).replace("\\u00e9", "é"): 1009,
}


@pytest.mark.parametrize("frame", SENT_BY_PAGES)
def test_what_pages_send_is_heard(frame: str) -> None:
    said = Conversation().send(text(frame), text("3"))
    assert said.heard == [frame, "3"]
    assert said.closed == [1000]


@pytest.mark.parametrize(("frame", "code"), SENT_BY_NOBODY.items(), ids=lambda part: str(part)[:60])
def test_at_anything_else_the_socket_is_closed_and_nobody_hears_it(frame: str, code: int) -> None:
    said = Conversation().send(text("3"), text(frame), text("3"))
    assert said.heard == ["3"]
    assert said.closed == [code]


def test_binary_frames_are_not_taken() -> None:
    said = Conversation().send({"type": "websocket.receive", "bytes": b"3"}, text("3"))
    assert (said.heard, said.closed) == ([], [1003])


def test_a_socket_does_not_open_with_a_query_without_end() -> None:
    said = Conversation(b"token=" + b"1" * LONGEST_QUERY).send(text("3"))
    assert (said.heard, said.closed) == ([], [1008])


def test_an_application_that_breaks_ends_its_own_socket_only() -> None:
    assert Conversation().send(text("3break")).closed == [1011]


@pytest.mark.parametrize("before", ["", "42/_event,", '42/_event,["event",', "40/_event,{", "4", "3"])
def test_a_megabyte_of_anything_is_refused_in_no_time(before: str) -> None:
    for unit in CLASSES:
        frames = [text((before + repeated(unit))[:length]) for length in (LONGEST_FRAME // 4, 10**6)]
        for frame in frames:
            assert busy_s(lambda: Conversation().send(frame)) <= BUSY_S, unit  # noqa: B023 - called at once
