"""Whatever a client says to whichever handler is bounded before it is kept, looked at or logged anywhere."""

import json
from typing import Any

import pytest
from reflex.istate.storage import ClientStorageBase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from funmagic.tabs.errors import TooMuchAtOnce, UnknownEvent
from funmagic.tabs.events import MOST_IN_LINE
from funmagic.tabs.limits import (
    COMPLAINT,
    COMPLAINT_PARTS,
    DEEPEST,
    LONGEST_ADDRESS,
    LONGEST_COMPLAINT,
    LONGEST_EVENT,
    LONGEST_KEPT,
    LONGEST_TEXT,
    MOST_VALUES,
    bounded_event,
)
from tests.security.handlers import HANDLERS, UPDATE_VARS, says
from tests.security.introspection import find_handlers
from tests.security.tab import NAMESPACE, PAGE, PREFIX, Tab, open_tab, shown

HYDRATE = "reflex___state____state.hydrate_and_load"
EVERY_HANDLER = [each for each in (*HANDLERS, *find_handlers("reflex")) if each.event != COMPLAINT]
PATIENCE_S = 60.0


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"x": value}
    return value


TOO_MUCH = {
    "a long text": "x" * (LONGEST_TEXT + 1),
    "many texts": ["x" * LONGEST_TEXT] * (LONGEST_EVENT // LONGEST_TEXT + 1),
    "many values": [0] * MOST_VALUES,
    "a long name": {"x" * (LONGEST_TEXT + 1): 1},
    "nested deeply": nested(DEEPEST + 1),
    "a number without end": 10**30,
    "bytes": {"_placeholder": True, "num": 0},
}
ENOUGH = ["x" * (LONGEST_TEXT - 200), [0] * (MOST_VALUES - 50), nested(DEEPEST - 2), 2**53, 0.5, None, True]
KEPT_VARS = sorted(
    {
        f"{state.get_full_name()}.{name}_rx_state_"
        for state in {handler.state for handler in EVERY_HANDLER}
        for name, described in state.get_fields().items()
        if isinstance(described.default, ClientStorageBase)
    }
)


def send(tab: Tab, event: Any) -> None:
    tab._socket.send(PREFIX + json.dumps(["event", event]))


@pytest.fixture
def tab(web: str, db: None, redis: None) -> Any:
    with open_tab(web) as tab:
        yield tab


@pytest.mark.parametrize("excess", [name for name in TOO_MUCH if name != "bytes"])
def test_no_handler_is_given_more_than_an_event_may_hold(tab: Tab, excess: str) -> None:
    for handler in EVERY_HANDLER:
        for parameter in [*(parameter.name for parameter in handler.parameters), "unknown"]:
            tab.send(handler.event, {parameter: TOO_MUCH[excess]})
            said = tab.read_until(lambda update: says(TooMuchAtOnce.text, update), PATIENCE_S)
            assert shown(said) == {}, handler
    assert shown(tab.read_to_mark()) == {}


def test_bytes_are_given_to_no_handler(tab: Tab) -> None:
    event = {"name": HANDLERS[0].event, "payload": {"unknown": {"_placeholder": True, "num": 0}}}
    tab._socket.send(f"451-{NAMESPACE}," + json.dumps(["event", event]))
    with pytest.raises(ConnectionClosed):
        tab.read_until(lambda update: says(TooMuchAtOnce.text, update))


def test_a_page_that_is_older_than_the_site_is_told_so_however_often_it_asks(tab: Tab) -> None:
    for _ in range(2 * MOST_IN_LINE):
        send(tab, {"name": "state.of_the_past", "payload": {}})
        tab.read_until(lambda update: says(UnknownEvent.text, update))


@pytest.mark.parametrize(
    "event", ["text", 7, None, [], {"name": 7}, {"name": "x" * 9000}, {"name": "a.b", "payload": []}]
)
def test_what_is_no_event_is_refused(event: Any) -> None:
    if event == {"name": "a.b", "payload": []}:
        event = event | {"payload": ["x"]}
    with pytest.raises(TooMuchAtOnce):
        bounded_event(event)


@pytest.mark.parametrize("value", ENOUGH, ids=lambda value: str(value)[:20])
def test_what_is_within_the_limits_passes_as_it_is(value: Any) -> None:
    assert bounded_event({"name": "a.b", "payload": {"value": value}})["payload"] == {"value": value}


@pytest.mark.parametrize(
    "place",
    [
        {"pathname": "/" + "x" * LONGEST_ADDRESS},
        {"asPath": "/" + "x" * LONGEST_ADDRESS},
        {"pathname": {"x": 1}},
        {"query": {"task": "x" * LONGEST_ADDRESS}},
        {"query": {"x" * LONGEST_ADDRESS: "1"}},
        {"query": {"task": ["x" * 1000] * 3}},
        {"query": {str(number): "x" * 10 for number in range(500)}},
        {"query": {"task": {"x": "1"}}},
        {"query": {"task": [["x"]]}},
        {"query": "task=1"},
    ],
    ids=lambda place: str(place)[:30],
)
def test_a_place_beyond_any_address_is_refused(tab: Tab, place: dict[str, Any]) -> None:
    at = {"pathname": PAGE, "asPath": PAGE} | place
    send(tab, {"name": EVERY_HANDLER[0].event, "payload": {}, "router_data": at})
    try:
        said = tab.read_until(lambda update: says(TooMuchAtOnce.text, update))
    except ConnectionClosed:  # as no page of ours would say that
        return
    assert shown(said) == {}


def test_nothing_is_kept_of_a_place_that_is_not_one() -> None:
    said = {"pathname": "/a", "asPath": "/a?b=c", "query": {"b": "c"}}
    more = {"headers": {"cookie": "x"}, "token": "x", "sid": "x", "ip": "x", "anything": ["x"]}
    assert bounded_event({"name": "a.b", "router_data": said | more, "more": "x"}) == {
        "name": "a.b",
        "payload": {},
        "router_data": said,
    }


def test_a_browsers_complaint_is_cut_and_heard() -> None:
    said = {"info": "x" * 50_000, "component_stack": ["x"] * 5_000, "more": "x"}
    heard = bounded_event({"name": COMPLAINT, "payload": said})["payload"]
    assert {part: len(text) for part, text in heard.items()} == dict.fromkeys(COMPLAINT_PARTS, LONGEST_COMPLAINT)


@pytest.mark.parametrize("bring", [UPDATE_VARS, HYDRATE])
@pytest.mark.parametrize("var", KEPT_VARS)
def test_a_browser_keeps_short_texts_and_nothing_else(tab: Tab, var: str, bring: str) -> None:
    state, _, name = var.rpartition(".")
    for value in ("x" * (LONGEST_KEPT + 1), ["intruder"], {"intruder": "x"}, 987654321, True):
        tab.send(bring, {"vars": {var: value}})
        said = shown(tab.read_to_mark()).get(state, {})
        assert said.get(name, "") == "", value
    tab.send(bring, {"vars": {var: "x" * LONGEST_KEPT}})
    tab.read_until(lambda update: "x" * LONGEST_KEPT in json.dumps(update))


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_tab_without_a_name_or_with_a_long_one_is_not_let_in(web: str, redis: None, db: None, name: str) -> None:
    url = f"{web.replace('http', 'ws', 1)}{NAMESPACE}/?EIO=4&transport=websocket&token={name}"
    with connect(url, additional_headers={"Origin": web}, proxy=None) as socket:
        socket.send(f"40{NAMESPACE},")
        answers = [str(socket.recv(10)), str(socket.recv(10))]
    assert answers[1].startswith(f"44{NAMESPACE},")


def test_a_burst_is_done_in_its_order_and_nothing_of_it_is_lost(tab: Tab) -> None:
    marks = [f"mark-{number}" for number in range(300)]
    for mark in marks:
        tab.send("reflex___state____state.tests___security___throwaway____throwaway.mark", {"mark": mark})
    said = json.dumps(tab.read_until(lambda update: marks[-1] in json.dumps(update), PATIENCE_S))
    places = [said.index(f'"{mark}"') for mark in marks]
    assert places == sorted(places)
