"""What a page knows of its viewer; and that it is loaded anew once the database answers, if it could not be before."""

import asyncio
from types import SimpleNamespace

import pytest
import reflex as rx
from reflex.istate.data import RouterData
from reflex.state import OnLoadInternalState

from funmagic.accounts.roles import change_role
from funmagic.core.db import transaction
from funmagic.i18n import translate
from funmagic.models.users import Role, User
from funmagic.profile import preferences
from funmagic.site.frame import state as module
from funmagic.site.frame.preferences_state import PreferencesState
from funmagic.site.frame.state import SessionState
from tests.factories import session_token


def tab(viewer=None, accept_language="") -> SessionState:
    root = rx.State()
    headers = {"cookie": f"fm_session={session_token(viewer)}" if viewer else "", "accept-language": accept_language}
    root.router = RouterData.from_router_data({"headers": headers, "asPath": "/profile"})
    return root.get_substate(SessionState.get_full_name().split("."))


async def test_a_header_that_is_looked_up_meanwhile_does_not_keep_the_page_from_being_loaded(alice, redis, monkeypatch):
    state = tab(alice)

    async def look_up_meanwhile(_seconds):
        assert state.is_database_away
        await state.load()

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=look_up_meanwhile, to_thread=asyncio.to_thread))
    assert await anext(SessionState.load_when_possible.fn(state)) == OnLoadInternalState.on_load_internal
    assert not state.is_database_away


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("role", list(Role))
async def test_a_page_knows_whether_the_dashboard_is_open_to_its_viewer(alice, role):
    with transaction() as session:
        change_role(session, session.get_one(User, alice.id), role)
    state = tab(alice)
    await state.load()
    assert state.is_admin == (role != Role.USER)
    state.router = tab().router
    await state.load()
    assert not state.is_admin


@pytest.fixture
def two_languages(monkeypatch):
    monkeypatch.setattr(translate, "LOCALES", ("en", "eo"))
    monkeypatch.setitem(preferences.CHOICES, "locale", ("en", "eo"))


@pytest.mark.usefixtures("redis", "two_languages")
async def test_a_page_knows_the_language_that_a_browser_asks_for_and_a_user_chose(alice):
    visitor = tab(accept_language="eo,en;q=0.5")
    await visitor.load()
    assert visitor.locale == "eo"
    user = tab(alice, accept_language="eo")
    await user.load()
    assert user.locale == "en"
    await (await user.get_state(PreferencesState)).choose_language("eo")
    assert user.locale == "eo"
    await user.load()
    assert user.locale == "eo"
