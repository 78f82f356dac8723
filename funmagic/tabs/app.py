"""Reflex's app, whose tabs each belong to somebody: their sockets, events and states pass through our own parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import reflex as rx

from funmagic.tabs.events import TabEvents
from funmagic.tabs.guard import GuardTabs
from funmagic.tabs.sockets import TabSockets
from funmagic.tabs.states import TabStates


class TabApp(rx.App):
    """Reflex's app with ours in the places of its socket namespace, its event processor and its state manager."""

    def _setup_state(self) -> None:
        super()._setup_state()
        if self.sio is None or self.event_namespace is None:
            raise RuntimeError("This version of Reflex sets its sockets up in another way: adapt TabApp.")
        # Reflex overloads abstract methods in a way that mypy takes for others, which nobody implements.
        states: TabStates = cast("Any", TabStates)()
        sockets = TabSockets(self.event_namespace.namespace, self, states)
        states.open_tabs = sockets.open_tabs
        self._state_manager = states
        self._event_namespace = sockets
        self.sio.register_namespace(sockets)
        # Before anything else sees an event.
        self.add_middleware(GuardTabs(sockets, states), 0)

    @asynccontextmanager
    async def _setup_event_processor(self) -> AsyncIterator[None]:
        self._event_processor = TabEvents(
            middleware=self, backend_exception_handler=self.backend_exception_handler
        ).configure(state_manager=self.state_manager, event_namespace=self.event_namespace)
        async with self._event_processor:
            yield
