"""What follows a tab's credits goes with the tab, and there is one of it however often the page is loaded."""

from funmagic.core.db import transaction
from funmagic.core.live.user_channel import channel_of_user
from funmagic.core.redis import get_redis
from funmagic.credits import ledger
from funmagic.sessions.service import close_session
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from tests.factories import session_token, wait_until
from tests.security.tab import Update, open_tab, shown

LOAD = f"{SessionState.get_full_name()}.load"
HYDRATE = "reflex___state____state.hydrate_and_load"


def followed() -> list[bytes]:
    return get_redis().pubsub_channels("user:*")


def shows(update: Update, **values: object) -> bool:
    session = shown([update]).get(SessionState.get_full_name(), {})
    return all(session.get(f"{name}_rx_state_") == value for name, value in values.items())


def test_a_tab_is_followed_once_for_as_long_as_it_is_open(web: str, redis: None, alice: Viewer) -> None:
    with open_tab(web, session_token(alice)) as tab:
        for _ in range(5):
            tab.send(HYDRATE, {"hashes": []})
            tab.read_to_mark()
        wait_until(lambda: followed() == [channel_of_user(alice.id).encode()])
        with transaction() as session:
            ledger.grant_bonus(session, alice.id, 7, key="a")
        tab.read_until(lambda update: shows(update, available=107))
        assert not any(shows(update, available=107) for update in tab.read_to_mark())
    wait_until(lambda: followed() == [])


def test_a_visitors_tab_is_not_followed(web: str, redis: None, db: None) -> None:
    with open_tab(web) as tab:
        tab.send(LOAD)
        tab.read_to_mark()
        assert followed() == []


def test_a_tab_that_no_longer_is_signed_in_says_so_at_the_next_change(web: str, redis: None, alice: Viewer) -> None:
    token = session_token(alice)
    with open_tab(web, token) as tab:
        tab.send(LOAD)
        wait_until(followed)
        tab.read_to_mark()
        with transaction() as session:
            close_session(session, token)
            ledger.grant_bonus(session, alice.id, 7, key="a")
        tab.read_until(lambda update: shows(update, is_signed_in=False))
        wait_until(lambda: followed() == [])
