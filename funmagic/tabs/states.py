"""The states of the tabs: whose each is, how long it outlives its socket, and how many are kept at most."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import StateToken
from reflex.state import BaseState
from reflex_base.constants import ROUTER_DATA, ROUTER_VARS, CompileVars

from funmagic.core.settings import get_settings
from funmagic.tabs.holders import NOBODY, Holder

LOOK_EVERY_S = 5.0
# Where the tab is, and whether its page is loaded, which it will be anew.
NOBODYS = {*ROUTER_VARS, ROUTER_DATA, CompileVars.IS_HYDRATED}


@dataclass
class TabStates(StateManagerMemory):
    """Reflex's states in memory; a state stays while its socket is open, and for minutes after that."""

    holders: dict[str, Holder] = field(default_factory=dict)
    # The tabs that a socket holds.
    open_tabs: Mapping[str, object] = field(default_factory=dict)

    def whose(self, tab: str) -> Holder:
        """Who holds a tab's state."""
        return self.holders.get(tab, NOBODY)

    def hand_over(self, tab: str, holder: Holder) -> None:
        """Set who holds a tab's state from now on."""
        if holder == NOBODY:
            self.holders.pop(tab, None)
        else:
            self.holders[tab] = holder

    def start_expiry(self, tab: str) -> None:
        """Start the time that a state is kept for, when its socket has closed."""
        if tab in self._token_expires_at:
            self._track_token(self._token_expires_at[tab][1])
        self._make_room()

    def _get_or_create_state(self, token: StateToken[Any]) -> Any:
        if token.cache_key not in self.states:
            self._make_room()
        return super()._get_or_create_state(token)

    def _track_token(self, token: StateToken[Any]) -> None:
        settings = get_settings()
        is_visitors = self.whose(token.cache_key) == NOBODY
        kept_s = settings.visitor_tab_seconds if is_visitors else settings.user_tab_seconds
        self._token_expires_at[token.cache_key] = (time.time() + kept_s, token)
        self._ensure_expiration_task()  # type: ignore[no-untyped-call]

    def _purge_token(self, token: StateToken[Any]) -> None:
        super()._purge_token(token)
        self.holders.pop(token.cache_key, None)

    def _purge_expired_tokens(self) -> float | None:
        now = time.time()
        for token, expires_at in self._closed():
            if expires_at <= now:
                self._purge_token(token)
        return now + LOOK_EVERY_S if self._token_expires_at else None

    async def _expire_states(self) -> None:
        # Reflex would sleep until the next state is due, and miss one that is due sooner.
        try:
            while self._purge_expired_tokens() is not None:  # noqa: ASYNC110 - time is what passes
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._expiration_task is asyncio.current_task():
                self._expiration_task = None

    def _make_room(self) -> None:
        """Let the states go that would be due first, visitors' before users', where too many outlive their sockets."""
        most = get_settings().closed_tabs
        excess = len(self.states) - len(self.open_tabs) - most
        if excess < 0:
            return
        due = sorted(self._closed(), key=lambda kept: (self.whose(kept[0].cache_key) != NOBODY, kept[1]))
        # Some more than needed, so that this is not done for each.
        for token, _ in due[: excess + most // 10 + 1]:
            self._purge_token(token)

    def _closed(self) -> list[tuple[StateToken[Any], float]]:
        """The states that nobody's socket holds and nothing is using, and when each is due."""
        locks = self._states_locks
        return [
            (token, expires_at)
            for tab, (expires_at, token) in self._token_expires_at.items()
            if tab not in self.open_tabs and not ((lock := locks.get(token.lock_key)) and lock.locked())
        ]


def empty(state: BaseState) -> None:
    """Set every var of a tree to its default, but for what the browser keeps itself and where the tab is."""
    cls = type(state)
    for name, described in cls.get_fields().items():
        # As in Reflex's own reset: what is inherited is reset where it was declared.
        is_own = described._owner is cls  # noqa: SLF001
        if is_own and name not in NOBODYS and not cls._is_client_storage(described):
            setattr(state, name, described.default_value())
    for substate in state.substates.values():
        empty(substate)
