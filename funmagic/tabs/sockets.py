"""The sockets of the tabs: what comes in is bounded, and what goes out reaches nobody but its viewer."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import reflex as rx
import structlog
from reflex.app import EventNamespace
from reflex.state import OnLoadInternalState, StateUpdate
from reflex_base.constants import RouteVar
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from funmagic.tabs.arguments import check_arguments
from funmagic.tabs.errors import TooMuchAtOnce, UnknownEvent
from funmagic.tabs.events import TabEvents
from funmagic.tabs.holders import NOBODY, find_holder, session_of
from funmagic.tabs.limits import bounded_event
from funmagic.tabs.states import TabStates

log = structlog.get_logger()

# Browsers name their tabs by a UUID.
LONGEST_NAME = 64
LOAD_PAGE = format_event_handler(OnLoadInternalState.event_handlers["on_load_internal"])


class TabSockets(EventNamespace):
    """Reflex's end of all websockets."""

    def __init__(self, namespace: str, app: rx.App, states: TabStates) -> None:
        super().__init__(namespace, app)
        self._states = states
        # Where the page of each socket is, as it last said.
        self._places: dict[str, dict[str, Any]] = {}

    @property
    def open_tabs(self) -> Mapping[str, object]:
        """The tabs that have a socket now."""
        return self._token_manager.token_to_socket

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Let a tab in that has a name."""
        [name, *_] = parse_qs(environ.get("QUERY_STRING", "")).get("token", [""])
        if not 0 < len(name) <= LONGEST_NAME:
            raise ConnectionRefusedError("a tab has a name")
        await super().on_connect(sid, environ, auth)

    def on_disconnect(self, sid: str) -> asyncio.Task[None] | None:
        """Begin to count the time for which the tab's state is kept."""
        tab = self.sid_to_token.get(sid, "")
        self._places.pop(sid, None)
        closing = super().on_disconnect(sid)
        if closing is not None:
            closing.add_done_callback(lambda _: self._states.start_expiry(tab))
        return closing

    async def on_event(self, sid: str, data: Any) -> None:
        """Put what a tab says in line, or refuse it when it is too much or not ours; a tab that says too much waits."""
        tab = self.sid_to_token.get(sid)
        if tab is None:
            return
        try:
            event = bounded_event(data)
            _check_handler(event["name"], event["payload"])
        except (TooMuchAtOnce, UnknownEvent) as error:
            toast = Event.from_event_type(rx.toast.error(error.message, id=error.code))
            await self.emit_update(StateUpdate(events=toast), tab)
            return
        await self._events.wait_for_place(tab)
        if sid in self._static_router_data:
            self._places[sid] = event["router_data"]  # which Reflex completes
        await super().on_event(sid, event)

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        """Send an update to a tab, unless its socket is no longer that of the state's holder: then the page is emptied.

        All that ever leaves for a tab passes here, whatever brought it about.
        """
        socket = self._token_manager.token_to_socket.get(token)
        while socket is not None:
            holder = self._states.whose(token)
            session = self.session_of_tab(token) or ""
            is_theirs = holder == NOBODY or holder.is_also(await find_holder(session, holder))
            if (now := self._token_manager.token_to_socket.get(token)) is socket:
                await (super().emit_update(update, token) if is_theirs else self.load_anew(token))
                return
            socket = now

    async def load_anew(self, tab: str) -> None:
        """Have a tab's page loaded as for whoever holds its socket now."""
        # Without a word of where its page is, the page is about to be loaded, for its own viewer.
        if place := self.place_of_tab(tab):
            await self._events.enqueue_anew(tab, Event(LOAD_PAGE, router_data=place))

    def end_followers(self, tab: str) -> None:
        """End all that goes on in the background for a tab."""
        self._events.end_followers(tab)

    def session_of_tab(self, tab: str) -> str | None:
        """The secret of the session that the tab's socket came with, empty without one; None while it has no socket."""
        socket = self._token_manager.token_to_socket.get(tab)
        described = self._static_router_data.get(socket.sid) if socket else None
        return session_of(described[RouteVar.HEADERS]) if described else None

    def place_of_tab(self, tab: str) -> dict[str, Any]:
        """Where the page of the tab's socket is, and the headers it came with; empty until the socket has said so.

        What the tab's state says may be of a former socket's page.
        """
        socket = self._token_manager.token_to_socket.get(tab)
        described = self._static_router_data.get(socket.sid) if socket else None
        if socket is None or described is None or socket.sid not in self._places:
            return {}
        headers = {RouteVar.HEADERS: dict(described[RouteVar.HEADERS]), RouteVar.CLIENT_TOKEN: tab}
        return self._places[socket.sid] | described | headers

    @property
    def _events(self) -> TabEvents:
        processor = self.app.event_processor
        if not isinstance(processor, TabEvents):
            raise TypeError("the app is not a TabApp")
        return processor


def _check_handler(name: str, payload: dict[str, Any]) -> None:
    """Raise UnknownEvent for what no handler takes: Reflex would keep an event without one, unfinished, for ever."""
    # The names in it are whatever the client says.
    if name not in RegistrationContext.get().event_handlers:
        log.warning("event_unknown")
        raise UnknownEvent
    try:
        check_arguments(name, payload)
    except UnknownEvent:
        log.warning("event_misshapen", handler=name)
        raise
