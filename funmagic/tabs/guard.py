"""What every event passes before its handler: whose tab this is now, and that nothing of anybody else is in it."""

from typing import Any

from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, State, StateUpdate
from reflex_base.constants import CompileVars, RouteVar
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.utils.format import format_event_handler

from funmagic.tabs.holders import NOBODY, find_holder, session_of
from funmagic.tabs.sockets import LOAD_PAGE, TabSockets
from funmagic.tabs.states import TabStates, empty

# They load the page themselves.
LOADS = {LOAD_PAGE, format_event_handler(State.event_handlers[CompileVars.HYDRATE_AND_LOAD])}


class GuardTabs(Middleware):
    """Empties a tab's state when whoever it was filled for is no longer the one who holds the tab."""

    def __init__(self, sockets: TabSockets, states: TabStates) -> None:
        self._sockets = sockets
        self._states = states

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:  # noqa: ARG002 - Reflex's
        """Let an event pass, on a state that holds nothing of another person; drop what came by a former socket."""
        tab = EventContext.get().token
        session = session_of(state.router_data.get(RouteVar.HEADERS, {}))
        # Handlers believe the headers in the state: they must be those of the socket that will be answered.
        if state.router_data and self._sockets.session_of_tab(tab) not in (None, session):
            _move(state, self._sockets.place_of_tab(tab))
            return StateUpdate()
        before = self._states.whose(tab)
        now = await find_holder(session, before)
        self._states.hand_over(tab, now)
        # A visitor who signs in goes on with what they have prepared.
        if before != NOBODY and not before.is_also(now):
            empty(state._get_root_state())  # noqa: SLF001 - Reflex gives the root to middleware, and says so nowhere
            if event.name not in LOADS:
                await self._sockets.load_anew(tab)
            self._sockets.end_followers(tab)
        return None


def _move(state: BaseState, place: dict[str, Any]) -> None:
    """Replace the place that a dropped event named by the tab's own, which background handlers read."""
    if place:
        # As Reflex does before it asks us.
        state.router_data = state._update_router_vars(place, state.router_data)  # noqa: SLF001
