"""Any socket can call any handler of any state, so each is called here by people whom it is not for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from reflex.istate.storage import ClientStorageBase

import funmagic.funmagic  # noqa: F401 - loads every state that the product has
from funmagic.core.errors import Forbidden, SignInRequired
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState, SignInDialogState
from tests import factories
from tests.security.handlers import HANDLERS, PUBLIC, UPDATE_VARS, Belongings, hurried, says
from tests.security.introspection import Handler, find_handlers
from tests.security.rows import rows
from tests.security.tab import Tab, open_tab, shown
from tests.waiting import PATIENCE_S

# Kept by the browser, so whoever sits before it writes what they like.
WRITABLE = {
    "RunState.submission_key": "looked for among the viewer's own runs",
    "FigmeState.style_id": "looked for among the tool's styles when a run is submitted",
}
SIGN_IN = SignInRequired.text
NOT_ALLOWED = Forbidden.text
# After a refusal the header shows anew who is there.
RELOADED = {SessionState.get_full_name(), SignInDialogState.get_full_name()}


@pytest.fixture
def alices(alice: Viewer, redis: None) -> Belongings:
    asset_id = factories.upload_photo(alice)
    return Belongings(alice, factories.submit(alice, asset_id=asset_id).id, asset_id)


@pytest.fixture
def visitor(web: str, redis: None) -> Iterator[Tab]:
    with open_tab(web) as tab:
        yield tab


def assert_refuses(
    tab: Tab, handler: Handler, belongings: Belongings, sentence: str, patience: float = PATIENCE_S
) -> None:
    """It says so, whatever it is called with, and it has shown and changed nothing."""
    before = rows()
    for payload in handler.payloads(belongings.words):
        tab.send(handler.event, payload, query={"task": belongings.task_id})
        try:
            said = tab.read_until(lambda update: says(sentence, update), patience)
        except TimeoutError:
            raise AssertionError(f"{handler} never refused {payload}") from None
        assert shown(said).keys() <= RELOADED, f"{handler} showed something before it refused"
    assert shown(tab.read_to_mark()).keys() <= RELOADED, f"{handler} showed something after it refused"
    assert rows() == before, f"{handler} changed the database"


def assert_harmless(tab: Tab, handler: Handler, belongings: Belongings, before: Any, owner: Viewer | None) -> None:
    """Whatever it is called with, nothing changes of what must not, and nothing of Alice's is shown."""
    for payload in handler.payloads(belongings.words):
        tab.send(handler.event, payload, query={"task": belongings.task_id})
        said = json.dumps([shown([update]) for update in tab.read_to_mark()])
        for secret in ("Alice", f"/{belongings.owner.id}/"):
            assert secret not in said, f"{handler} showed {secret}"
    assert rows(owner) == before, f"{handler} changed the database"


def test_there_are_handlers_to_look_at() -> None:
    assert {"SessionState.load", "BackgroundRemoveState.cancel_run"} <= {
        name for handler in HANDLERS for name in handler.names
    }


@pytest.mark.parametrize("handler", [each for each in HANDLERS if not each.names & PUBLIC.keys()], ids=str)
def test_a_protected_handler_refuses_a_visitor(handler: Handler, visitor: Tab, alices: Belongings) -> None:
    assert_refuses(visitor, handler, alices, SIGN_IN)


@pytest.mark.parametrize("handler", [each for each in HANDLERS if each.names & PUBLIC.keys()], ids=str)
def test_a_public_handler_changes_nothing_for_a_visitor(handler: Handler, visitor: Tab, alices: Belongings) -> None:
    assert_harmless(visitor, handler, alices, rows(), None)


@pytest.mark.parametrize("handler", [each for each in HANDLERS if not each.is_for_admins], ids=str)
def test_a_handler_neither_shows_nor_touches_what_is_anothers(
    handler: Handler, web: str, alices: Belongings, bob: Viewer
) -> None:
    with open_tab(web, factories.session_token(bob)) as tab:
        assert_harmless(tab, handler, alices, rows(alices.owner), alices.owner)


@pytest.mark.parametrize(
    "handler", [each for each in HANDLERS if not each.names & PUBLIC.keys() and not each.is_for_admins], ids=str
)
def test_a_protected_handler_lets_users_in(handler: Handler, web: str, alices: Belongings) -> None:
    with open_tab(web, factories.session_token(alices.owner)) as tab:
        tab.send(handler.event, handler.payloads(["word"])[0])
        said = [*tab.read_to_mark(), *tab.read_to_mark()]
        assert not any(says(SIGN_IN, update) for update in said)


def test_every_handler_of_the_dashboard_refuses_a_user(web: str, alices: Belongings, bob: Viewer) -> None:
    with open_tab(web, factories.session_token(bob)) as tab:
        for handler in [each for each in HANDLERS if each.is_for_admins and not each.names & PUBLIC.keys()]:
            assert_refuses(tab, handler, alices, NOT_ALLOWED)


@pytest.mark.parametrize("handler", find_handlers("reflex"), ids=str)
def test_reflexs_own_handlers_change_nothing_for_a_visitor(handler: Handler, visitor: Tab, alices: Belongings) -> None:
    before = rows()
    visitor.send(handler.event)
    visitor.read_to_mark()
    assert rows() == before


def test_the_list_of_public_handlers_names_only_what_there_is() -> None:
    assert PUBLIC.keys() - {name for handler in HANDLERS for name in handler.names} == set()


def test_a_browser_writes_only_the_vars_that_it_keeps_itself() -> None:
    kept = {
        name
        for state in {handler.state for handler in HANDLERS}
        for field, described in state.get_fields().items()
        if isinstance(described.default, ClientStorageBase)
        for name in {f"{part.__name__}.{field}" for part in state.__mro__}
    }
    assert kept & WRITABLE.keys() == WRITABLE.keys()
    for name in kept - WRITABLE.keys():
        assert {name.rpartition(".")[2]} <= {listed.rpartition(".")[2] for listed in WRITABLE}, name


@pytest.mark.parametrize(
    "state", sorted({handler.state for handler in HANDLERS}, key=str), ids=lambda state: state.__name__
)
def test_no_other_var_can_be_set_from_outside(state: Any, visitor: Tab, redis: None) -> None:
    prefix = state.get_full_name()
    names = [name for name in state.get_fields() if not any(name == listed.rpartition(".")[2] for listed in WRITABLE)]
    for name in names:
        for spelling in (name, f"{name}_rx_state_"):
            visitor.send(UPDATE_VARS, {"vars": {f"{prefix}.{spelling}": "intruder"}})
    # The handler of this name is there for all vars or for none.
    visitor.send(f"{prefix}.setvar", {"var_name": names[0], "value": "intruder"})
    assert "intruder" not in json.dumps(shown(visitor.read_to_mark()))


@pytest.mark.parametrize("name", ["open_to_all", "silent", "open_in_background", "breaks", "helper"])
def test_a_new_handler_without_a_guard_is_noticed(name: str, visitor: Tab, alices: Belongings) -> None:
    with pytest.raises(AssertionError, match="never refused"):
        assert_refuses(visitor, hurried(name), alices, SIGN_IN, patience=0.5)


@pytest.mark.parametrize("name", ["asks_too_late", "refuses_too_late"])
def test_a_new_handler_whose_guard_comes_too_late_is_noticed(name: str, visitor: Tab, alices: Belongings) -> None:
    with pytest.raises(AssertionError, match=r"changed the database|showed something"):
        assert_refuses(visitor, hurried(name), alices, SIGN_IN)


@pytest.mark.parametrize("name", ["guarded", "guarded_in_background", "guarded_for_admins"])
def test_a_new_handler_with_a_guard_passes(name: str, visitor: Tab, alices: Belongings) -> None:
    assert_refuses(visitor, hurried(name), alices, SIGN_IN)


def test_a_handler_for_users_in_the_dashboard_is_noticed(web: str, alices: Belongings, bob: Viewer) -> None:
    with open_tab(web, factories.session_token(bob)) as tab:
        assert_refuses(tab, hurried("guarded_for_admins"), alices, NOT_ALLOWED)
        with pytest.raises(AssertionError, match="never refused"):
            assert_refuses(tab, hurried("guarded"), alices, NOT_ALLOWED, patience=0.5)
