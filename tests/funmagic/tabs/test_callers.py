import pytest
import reflex as rx
from reflex.istate.data import RouterData

from funmagic.core.db import transaction
from funmagic.core.errors import SignInRequired
from funmagic.sessions.service import close_session
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.tabs.callers import current_viewer, require_user
from tests.factories import session_token


def tab_with(cookie: str) -> SessionState:
    """The state of a tab whose socket was opened with this Cookie header."""
    root = rx.State()
    root.router = RouterData.from_router_data({"headers": {"cookie": cookie}})
    tab = root.get_substate(SessionState.get_full_name().split("."))
    assert isinstance(tab, SessionState)
    return tab


async def test_the_sockets_cookie_says_who_it_is(alice: Viewer) -> None:
    tab = tab_with(f"theme=dark; fm_session={session_token(alice)}")
    assert await current_viewer(tab) == alice
    assert await require_user(tab) == alice


@pytest.mark.parametrize("cookie", ["", "theme=dark", "fm_session=", "fm_session=made-up", 'fm_session="; =;;'])
async def test_without_a_valid_session_a_protected_handler_stops(db: None, cookie: str) -> None:
    tab = tab_with(cookie)
    assert await current_viewer(tab) is None
    with pytest.raises(SignInRequired):
        await require_user(tab)


async def test_a_cookie_that_another_page_set_beside_ours_does_no_harm(alice: Viewer) -> None:
    tab = tab_with(f"a[b]=1; fm_session={session_token(alice)}")
    assert await current_viewer(tab) == alice


async def test_the_session_is_looked_up_anew_each_time(alice: Viewer) -> None:
    token = session_token(alice)
    tab = tab_with(f"fm_session={token}")
    assert await require_user(tab) == alice
    with transaction() as session:
        close_session(session, token)
    with pytest.raises(SignInRequired):
        await require_user(tab)


async def test_the_header_shows_the_viewer_and_their_credits(alice: Viewer) -> None:
    tab = tab_with(f"fm_session={session_token(alice)}")
    await tab._refresh()
    assert (tab.is_signed_in, tab.name, tab.email) == (True, "Alice", "alice@example.com")
    assert (tab.available, tab.reserved) == (100, 0)


async def test_the_header_of_a_visitor_shows_nobody(db: None) -> None:
    tab = tab_with("")
    await tab._refresh()
    assert (tab.is_loaded, tab.is_signed_in, tab.name, tab.available) == (True, False, "", 0)
