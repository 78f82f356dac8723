"""What a socket without any sign-in can do to the log of a web process: little, and nothing that misleads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext
from websockets.exceptions import ConnectionClosed

import funmagic.funmagic  # noqa: F401 - loads every state that the product has
from funmagic.core.telemetry.floods import LEFT_OUT, MOST_LINES
from funmagic.site.frame.state import SessionState, SignInDialogState
from funmagic.site.profile.state import ProfileState
from funmagic.tabs.arguments import check_arguments
from funmagic.tabs.errors import UnknownEvent
from tests import factories
from tests.security.tab import MARK, PREFIX, Tab, open_tab
from tests.security.throwaway import Hurried

SECRET = "s3cr3t-0123456789abcdef"
FORGED = "12:00:00 [info     ] FORGED"
FORGERY = f"\n{FORGED}\r\x1b[31m\x9b\u2028\u202e" + "/" * 20_000
HOSTILE = SECRET + FORGERY
PLACE = {"pathname": "/reset-password", "asPath": f"/reset-password?token={SECRET}", "query": {"token": SECRET}}
STATE = "reflex___state____state"
BROWSER_ERROR = f"{STATE}.reflex___state____frontend_event_exception_state.handle_frontend_exception"
UPDATE_VARS = f"{STATE}.reflex___state____update_vars_internal_state.update_vars_internal"


def event(name: str, **payload: object) -> str:
    return PREFIX + json.dumps(["event", {"name": name, "payload": payload, "router_data": PLACE}])


FRAMES = {
    "a string": PREFIX + json.dumps(["event", HOSTILE]),
    "a list": PREFIX + json.dumps(["event", [HOSTILE]]),
    "no event": PREFIX + json.dumps([HOSTILE]),
    "of no handler": event(f"nope.{FORGERY[:400]}", password=SECRET),
    "of no handler, with a form": event("nope", form_data={"email": "a", "password": SECRET, "x": FORGERY}),
    "of a wrong type": event(MARK, mark={"password": SECRET, "said": HOSTILE}),
    "of a wrong argument": event(MARK, **{f"password='{SECRET}' {FORGERY}": 1}),
    "of wrong vars": event(UPDATE_VARS, vars=FORGERY),
    "of a browser's error": event(BROWSER_ERROR, info=f"Error: password: {HOSTILE}", component_stack=HOSTILE),
    "of an old page's": event(BROWSER_ERROR, info="TypeError: can't access property \", " * 1500, component_stack=""),
    "a report": PREFIX
    + json.dumps(["client_error", {"error_type": "token: " + HOSTILE, "message": "token=" + HOSTILE}]),
    "a greeting": "40/_event," + json.dumps({"event": json.loads(event("nope", password=SECRET)[len(PREFIX) :])[1]}),
    "an old page": "40/_event," + json.dumps({"state_schema": FORGERY}),
    "attachments": '459-/_event,["event",{"_placeholder":true,"num":0}]',
    "no packet": HOSTILE,
    "a megabyte": "/" * 1_000_000,
}


@pytest.fixture
def logged(web: str, data_dir: Path) -> Callable[[], str]:
    """What the web process has logged since."""
    log = data_dir / "web.log"
    start = log.stat().st_size

    def read() -> str:
        with log.open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="surrogateescape")

    return read


def send_frames(tab: Tab, frame: str, times: int = 1) -> bool:
    """Whether the socket is still open after the server has read this."""
    try:
        for _ in range(times):
            tab.send_raw(frame)
        tab.read_to_mark(60)
    except ConnectionClosed:
        return False
    return True


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_hostile_frame_leaves_a_short_and_harmless_line(
    web: str, redis: None, logged: Callable[[], str], frame: str
) -> None:
    with open_tab(web) as tab:
        send_frames(tab, frame)
    with open_tab(web) as tab:
        tab.read_to_mark()
    lines = logged()
    assert SECRET not in lines
    assert not [line for line in lines.splitlines() if line.startswith((FORGED, "FORGED"))]
    assert not set(lines) & set("\r\x1b\x9b\u2028\u202e")
    assert lines.count("/" * 10) * 10 <= 2_048
    # The lines of a traceback are our own code's.
    assert len(lines) <= 8_000


def test_the_tokens_of_tabs_are_not_logged(web: str, redis: None, logged: Callable[[], str]) -> None:
    tokens = [f"tab-token-{number}" for number in range(3)]
    for token in tokens:
        with open_tab(web, tab=token) as tab:
            send_frames(tab, FRAMES["of no handler"])
            send_frames(tab, FRAMES["a string"])
    with open_tab(web) as tab:
        tab.read_to_mark()
    assert not [token for token in tokens if token in logged()]


def test_a_flood_leaves_a_few_lines_and_how_many_were_left_out(
    web: str, redis: None, logged: Callable[[], str]
) -> None:
    floods = ("of no handler", "of a browser's error")
    for name in floods:
        with open_tab(web) as tab:
            assert send_frames(tab, FRAMES[name], 10 * MOST_LINES)
    factories.wait_until(lambda: logged().count(LEFT_OUT) >= len(floods))
    # A burst of each kind, or two where a window ends between them.
    assert len(logged()) <= 2 * len(floods) * MOST_LINES * 4_000


SHOW_DIALOG = f"{SignInDialogState.get_full_name()}.set_is_open"
MISSHAPEN = {
    "a text that is a number": (MARK, {"mark": 7}),
    "a text that is a list": (MARK, {"mark": ["word"]}),
    "a text that is nothing": (MARK, {"mark": None}),
    "a switch that is a text": (SHOW_DIALOG, {"is_open": "word"}),
    "a form that is a text": (f"{ProfileState.get_full_name()}.rename", {"form": "Alice"}),
    "too little": (MARK, {}),
    "too much": (MARK, {"mark": "word", "more": "word"}),
    "what nobody gave a type": (f"{SessionState.get_full_name()}.load", {"self": "word"}),
}


@pytest.mark.parametrize(("handler", "payload"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_arguments_that_no_page_sends_are_refused_in_one_line(
    web: str, redis: None, logged: Callable[[], str], handler: str, payload: dict[str, Any]
) -> None:
    with open_tab(web) as tab:
        tab.send(handler, payload)
        tab.read_until(lambda update: UnknownEvent.text in json.dumps(update.get("events", [])))
    lines = logged()
    assert lines.count("event_misshapen") == 1
    assert "handler_failed" not in lines
    assert "Traceback" not in lines


def test_a_defect_of_a_handler_is_logged_with_its_traceback(web: str, redis: None, logged: Callable[[], str]) -> None:
    with open_tab(web) as tab:
        tab.send(f"{Hurried.get_full_name()}.defective", {"word": "word"})
        tab.read_until(lambda update: "Something went wrong on our side." in json.dumps(update.get("events", [])))
    factories.wait_until(lambda: "handler_failed" in logged() and "TypeError" in logged())
    assert "event_misshapen" not in logged()


@pytest.mark.parametrize("name", RegistrationContext.get().event_handlers)
def test_what_each_handler_takes_is_known(name: str) -> None:
    with pytest.raises(UnknownEvent):
        check_arguments(name, {"what none of them takes": 1})
