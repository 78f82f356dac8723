"""What a tab's state holds belongs to its viewer: it goes when they go, whatever socket asks for it then."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from funmagic.accounts import roles
from funmagic.core.db import transaction
from funmagic.core.redis import get_redis
from funmagic.models.users import Role, User, UserSession
from funmagic.sessions.service import close_session, close_sessions
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.site.profile.state import ProfileState
from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from funmagic.site.tools.figme.state import FigmeState
from funmagic.tabs.events import MOST_FOLLOWERS
from funmagic.tasks.events import EventType, publish
from tests import factories
from tests.security import throwaway
from tests.security.tab import Tab, open_tab, shown

HYDRATES = ("reflex___state____state.hydrate", "reflex___state____state.hydrate_and_load")
SET_HYDRATED = "reflex___state____state.set_is_hydrated"
PROFILE = f"{ProfileState.get_full_name()}.load"
SESSION = SessionState.get_full_name()
FIGME = FigmeState.get_full_name()
REMOVE = BackgroundRemoveState.get_full_name()
TAB = "a-tab-that-somebody-knows"
pytestmark = pytest.mark.usefixtures("redis")

Ending = Callable[[Viewer, str], None]


def sign_out(viewer: Viewer, token: str) -> None:
    with transaction() as session:
        close_session(session, token)


def ban(viewer: Viewer, token: str) -> None:
    with transaction() as session:
        roles.ban_user(session, session.get_one(User, viewer.id))


def revoke_elsewhere(viewer: Viewer, token: str) -> None:
    with transaction() as session:
        close_sessions(session, viewer.id, but="another")


def demote(viewer: Viewer, token: str) -> None:
    with transaction() as session:
        roles.change_role(session, session.get_one(User, viewer.id), Role.ADMIN)


def expire(viewer: Viewer, token: str) -> None:
    with transaction() as session:
        session.execute(sa.delete(UserSession).where(UserSession.user_id == viewer.id))
    get_redis().flushall()


ENDINGS = [sign_out, ban, revoke_elsewhere, expire]


def said_by(tab: Tab) -> str:
    """All that the product's states say, now and in what they have begun."""
    return json.dumps([shown(tab.read_to_mark()), shown(tab.read_to_mark())])


def fill(tab: Tab) -> None:
    """Have the tab's state hold what is Alice's."""
    tab.send(PROFILE)
    tab.send(f"{SESSION}.load")
    assert "alice@example.com" in said_by(tab)


@pytest.mark.parametrize("event", [*HYDRATES, SET_HYDRATED, PROFILE])
@pytest.mark.parametrize("cookie", ["none", "another's", "ended"])
def test_what_a_tab_held_is_gone_for_whoever_comes_with_its_token(
    web: str, alice: Viewer, bob: Viewer, event: str, cookie: str
) -> None:
    token = factories.session_token(alice)
    with open_tab(web, token, tab=TAB) as tab:
        fill(tab)
    if cookie == "ended":
        sign_out(alice, token)
    theirs = {"none": None, "another's": factories.session_token(bob), "ended": token}[cookie]
    with open_tab(web, theirs, tab=TAB) as tab:
        tab.send(event, {"value": False} if event == SET_HYDRATED else {})
        said = said_by(tab)
    assert "alice" not in said.lower()


def test_a_tab_that_comes_back_with_the_same_session_finds_what_it_held(web: str, alice: Viewer) -> None:
    token = factories.session_token(alice)
    with open_tab(web, token, tab=TAB) as tab:
        fill(tab)
    with open_tab(web, token, tab=TAB) as tab:
        tab.send(HYDRATES[0])
        assert "alice@example.com" in said_by(tab)


def test_what_a_visitor_prepared_is_there_once_they_have_signed_in(web: str, alice: Viewer) -> None:
    with open_tab(web, tab=TAB) as tab:
        tab.send(f"{FIGME}.load")
        tab.send(f"{FIGME}.choose_photo", {"info": {"name": "photo.jpg", "type": "image/jpeg", "size": 1000}})
        assert '"has_photo_rx_state_": true' in said_by(tab)
    with open_tab(web, factories.session_token(alice), tab=TAB) as tab:
        tab.send(HYDRATES[1], {"vars": {f"{FIGME}.style_id_rx_state_": "clay"}})
        said = said_by(tab)
    assert '"has_photo_rx_state_": true' in said
    assert '"style_id_rx_state_": "clay"' in said


@pytest.mark.parametrize("end", [*ENDINGS, demote])
def test_an_open_tab_is_emptied_at_its_next_event(web: str, alice: Viewer, end: Ending) -> None:
    token = factories.session_token(alice)
    with open_tab(web, token) as tab:
        fill(tab)
        end(alice, token)
        tab.send(f"{FIGME}.change_style")
        state = shown(tab.read_to_mark()).get(ProfileState.get_full_name(), {})
    assert (state.get("email_rx_state_"), state.get("devices_rx_state_")) == ("", [])


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("type_", [EventType.PARTIAL_RESULT, EventType.PROGRESS])
def test_a_page_that_follows_a_run_hears_no_more_once_its_viewer_is_out(
    web: str, alice: Viewer, end: Ending, type_: EventType
) -> None:
    token, run = factories.session_token(alice), factories.submit(alice).id
    with open_tab(web, token) as tab:
        tab.send(f"{REMOVE}.load", query={"task": run})
        tab.send(f"{REMOVE}.follow")
        said_by(tab)
        publish(run, EventType.STEP_STARTED, stepId="remove")
        tab.read_until(lambda update: '"processing"' in json.dumps(update))
        end(alice, token)
        secret = {"image": "/storage/secret"} if type_ is EventType.PARTIAL_RESULT else None
        publish(
            run, type_, **({"stepId": "remove", "data": secret} if secret else {"stepId": "remove", "progress": 0.77})
        )
        updates = tab.read_until(lambda update: '"is_signed_in_rx_state_": false' in _as_json(update))
        assert "secret" not in _as_json(updates)
        assert "0.77" not in _as_json(updates)
        publish(run, EventType.COMPLETED, stepId="remove")
        assert "completed" not in said_by(tab)
    factories.wait_until(lambda: not get_redis().pubsub_channels("task:*"))


def test_what_was_on_its_way_to_a_viewer_who_left_does_not_reach_the_next_one(
    web: str, alice: Viewer, bob: Viewer
) -> None:
    """Alice's session is good all the time; only the tab changes hands."""
    run = factories.submit(alice).id
    with ExitStack() as stack:
        tab = stack.enter_context(open_tab(web, factories.session_token(alice), tab=TAB))
        tab.send(f"{REMOVE}.load", query={"task": run})
        tab.send(f"{REMOVE}.follow")
        said_by(tab)
    with open_tab(web, factories.session_token(bob), tab=TAB) as tab:
        publish(run, EventType.PARTIAL_RESULT, stepId="remove", data={"image": "/storage/secret"})
        tab.send(HYDRATES[0])
        assert "secret" not in said_by(tab)


def expect_going_on(tab: Tab, number: int) -> None:
    """Ask until so many things go on in the background, in all tabs."""
    name = f"reflex___state____state.{throwaway.__name__.replace('.', '___')}____lingering"

    def is_so() -> bool:
        tab.send(f"{name}.count")
        return f"{number} going on" in json.dumps(tab.read_to_mark())

    factories.wait_until(is_so)


LINGER = f"reflex___state____state.{throwaway.__name__.replace('.', '___')}____lingering.linger"


def test_all_that_went_on_for_a_viewer_ends_when_they_are_out_and_for_others_it_goes_on(
    web: str, alice: Viewer, bob: Viewer
) -> None:
    token = factories.session_token(alice)
    with open_tab(web, token) as hers, open_tab(web, factories.session_token(bob)) as his:
        for tab in (hers, hers, his):
            tab.send(LINGER)
        expect_going_on(his, 3)
        sign_out(alice, token)
        hers.send(f"{FIGME}.change_style")
        expect_going_on(his, 1)
        his.send(HYDRATES[0])
        expect_going_on(his, 1)
        with transaction() as session:
            close_sessions(session, bob.id)
        expect_going_on(hers, 1)
        his.send(f"{FIGME}.change_style")
        expect_going_on(hers, 0)


def test_a_tab_has_so_many_things_going_on_and_no_more(web: str, alice: Viewer) -> None:
    token = factories.session_token(alice)
    with open_tab(web, token) as tab:
        for _ in range(3 * MOST_FOLLOWERS):
            tab.send(LINGER)
        expect_going_on(tab, MOST_FOLLOWERS)
        sign_out(alice, token)
        expect_going_on(tab, 0)


def _as_json(said: Any) -> str:
    return json.dumps(said)
