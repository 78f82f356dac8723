"""How much a tab may say: every value that reaches an event handler, a state or the router passes here first."""

from typing import Any

from reflex.state import FrontendEventExceptionState, State, UpdateVarsInternalState
from reflex_base.constants import CompileVars, RouteVar
from reflex_base.utils.format import format_event_handler

from funmagic.tabs.errors import TooMuchAtOnce

# The longest text of ours is a form's field; an event is some of these.
LONGEST_TEXT = 8_000
LONGEST_EVENT = 16_000
MOST_VALUES = 1_000
DEEPEST = 8
LARGEST_NUMBER = 2**63
# An address as browsers send it, and what a browser keeps for us: keys and choices.
LONGEST_ADDRESS = 2_000
LONGEST_KEPT = 200
# What a browser says of where it is; Reflex would keep whatever else it says for as long as the tab lives.
PLACE = (RouteVar.PATH, RouteVar.ORIGIN)
# Events that bring what the browser keeps.
BRINGERS = {
    format_event_handler(State.event_handlers[CompileVars.HYDRATE_AND_LOAD]),
    format_event_handler(UpdateVarsInternalState.event_handlers["update_vars_internal"]),
}
KEPT_VARS = "vars"
# What went wrong in a browser is worth hearing, however long it goes on about it.
COMPLAINT = format_event_handler(FrontendEventExceptionState.event_handlers["handle_frontend_exception"])
COMPLAINT_PARTS = ("info", "component_stack")
LONGEST_COMPLAINT = 4_000


def bounded_event(said: Any) -> dict[str, Any]:
    """An event as a tab said it, with nothing in it that we do not know; raises TooMuchAtOnce."""
    if not isinstance(said, dict):
        raise TooMuchAtOnce
    name = said.get("name")
    payload = said.get("payload") or {}
    place = said.get("router_data") or {}
    if not (isinstance(name, str) and isinstance(payload, dict) and isinstance(place, dict)):
        raise TooMuchAtOnce
    if name == COMPLAINT:
        payload = {part: str(payload.get(part, ""))[:LONGEST_COMPLAINT] for part in COMPLAINT_PARTS}
    _Budget().spend([name, payload])
    if name in BRINGERS and isinstance(kept := payload.get(KEPT_VARS), dict):
        payload = payload | {KEPT_VARS: {var: value for var, value in kept.items() if _may_be_kept(value)}}
    return {"name": name, "payload": payload, "router_data": _bounded_place(place)}


class _Budget:
    """What is left of an event's limits while it is looked through."""

    def __init__(self) -> None:
        self._characters = LONGEST_EVENT
        self._values = MOST_VALUES

    def spend(self, value: Any, depth: int = 0) -> None:
        """Check a value and all that is in it; raises TooMuchAtOnce."""
        self._values -= 1
        if depth > DEEPEST or self._values < 0:
            raise TooMuchAtOnce
        if isinstance(value, str):
            self._characters -= len(value)
            if len(value) > LONGEST_TEXT or self._characters < 0:
                raise TooMuchAtOnce
        elif isinstance(value, list):
            for part in value:
                self.spend(part, depth + 1)
        elif isinstance(value, dict):
            for part in (*value.keys(), *value.values()):
                self.spend(part, depth + 1)
        elif not (
            value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST_NUMBER)
        ):
            raise TooMuchAtOnce


def _may_be_kept(value: Any) -> bool:
    """Whether it is one that a page of ours gave the browser to keep; others are as good as none."""
    return isinstance(value, str) and len(value) <= LONGEST_KEPT


def _bounded_place(said: dict[str, Any]) -> dict[str, Any]:
    place = {part: said[part] for part in PLACE if part in said}
    query = said.get(RouteVar.QUERY) or {}
    if not isinstance(query, dict) or not all(isinstance(text, str) for text in place.values()):
        raise TooMuchAtOnce
    parts = [str(name) for name in query]
    for value in query.values():
        parts += value if isinstance(value, list) else [value]
    is_text = all(isinstance(part, str) for part in parts)
    if (
        not is_text
        or sum(map(len, parts)) > LONGEST_ADDRESS
        or any(len(text) > LONGEST_ADDRESS for text in place.values())
    ):
        raise TooMuchAtOnce
    return {**place, RouteVar.QUERY: query}
