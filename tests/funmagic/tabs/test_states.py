"""How long a tab's state outlives its socket, how many do, and that emptying one leaves nothing of its holder."""

import pytest
import reflex as rx
from reflex.istate.manager.token import BaseStateToken

import funmagic.funmagic  # noqa: F401 - loads every state that the product has
from funmagic.core.settings import get_settings
from funmagic.tabs import states as module
from funmagic.tabs.holders import NOBODY, Holder
from funmagic.tabs.states import NOBODYS, TabStates, empty

ALICE = Holder("alice", "user", "session")
MOST = 20


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1000.0

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
async def tabs(monkeypatch):
    monkeypatch.setattr(get_settings(), "closed_tabs", MOST)
    states = TabStates()
    states.open_tabs = {}
    yield states
    await states.close()


async def use(states, tab, holder=NOBODY, *, is_open=False):
    if is_open:
        states.open_tabs[tab] = "a socket"
    async with states.modify_state(BaseStateToken(ident=tab, cls=rx.State)):
        states.hand_over(tab, holder)


def close(states, tab):
    del states.open_tabs[tab]
    states.start_expiry(tab)


async def test_a_visitors_state_goes_minutes_after_the_socket_and_a_users_later(tabs, clock):
    await use(tabs, "visitor", is_open=True)
    await use(tabs, "user", ALICE, is_open=True)
    clock.now += 10_000
    tabs._purge_expired_tokens()
    assert set(tabs.states) == {"visitor", "user"}
    close(tabs, "visitor")
    close(tabs, "user")
    clock.now += get_settings().visitor_tab_seconds - 1
    tabs._purge_expired_tokens()
    assert set(tabs.states) == {"visitor", "user"}
    clock.now += 2
    tabs._purge_expired_tokens()
    assert set(tabs.states) == {"user"}
    clock.now += get_settings().user_tab_seconds
    tabs._purge_expired_tokens()
    assert (tabs.states, tabs.holders, tabs._states_locks) == ({}, {}, {})


async def test_a_state_that_is_used_again_is_kept(tabs, clock):
    await use(tabs, "tab")
    for _ in range(5):
        clock.now += get_settings().visitor_tab_seconds - 1
        await use(tabs, "tab")
        tabs._purge_expired_tokens()
    assert "tab" in tabs.states


async def test_a_state_in_use_does_not_go(tabs, clock):
    async with tabs.modify_state(BaseStateToken(ident="tab", cls=rx.State)):
        clock.now += 10_000
        tabs._purge_expired_tokens()
        assert "tab" in tabs.states


@pytest.mark.parametrize("holder", [NOBODY, ALICE])
async def test_however_many_names_a_client_invents_so_many_states_are_kept(tabs, clock, holder):
    for number in range(10 * MOST):
        clock.now += 1
        await use(tabs, f"invented-{number}", holder, is_open=True)
        close(tabs, f"invented-{number}")
        assert len(tabs.states) <= MOST
    assert len(tabs._token_expires_at) == len(tabs.states) == len(tabs._states_locks)


async def test_names_invented_without_any_socket_are_bounded_too(tabs):
    for number in range(10 * MOST):
        await use(tabs, f"invented-{number}")
    assert len(tabs.states) <= MOST


async def test_open_tabs_and_users_are_kept_before_visitors(tabs, clock):
    await use(tabs, "open", is_open=True)
    await use(tabs, "user", ALICE)
    for number in range(10 * MOST):
        clock.now += 1
        await use(tabs, f"invented-{number}")
    assert {"open", "user"} <= set(tabs.states)


async def test_emptying_leaves_every_var_of_every_state_as_in_a_new_tab():
    root = rx.State(_reflex_internal_init=True)
    everything = list(every_state(root))
    assert len(everything) > 15
    for state in everything:
        for name in own_vars(state):
            object.__setattr__(state, name, "alice")
    empty(root)
    for state in everything:
        fields = type(state).get_fields()
        for name in own_vars(state):
            kept = type(state)._is_client_storage(fields[name])
            assert getattr(state, name) == ("alice" if kept else fields[name].default_value()), (state, name)


def every_state(state):
    yield state
    for substate in state.substates.values():
        yield from every_state(substate)


def own_vars(state):
    cls = type(state)
    return [name for name, field in cls.get_fields().items() if field._owner is cls and name not in NOBODYS]
