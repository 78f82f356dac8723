"""The audit log in the dashboard: the address says what is shown, to admins only."""

import pytest

from admin.audit_log.state import AuditLogState
from admin.guard import DashboardState
from admin.listing import LONGEST_VALUE, PAGE
from funmagic import paths
from funmagic.accounts.roles import change_role
from funmagic.audit_log.service import record_act
from funmagic.core.db import transaction
from funmagic.core.errors import Forbidden, SignInRequired
from funmagic.models.users import Role, User
from tests.funmagic.site.tabs import place_of, tab

pytestmark = pytest.mark.usefixtures("redis")


def record(actor, action, subject=("task", "a-task"), **details):
    with transaction() as session:
        record_act(session, actor, action, subject, reason="It was due", **details)


async def shown(viewer, query="") -> AuditLogState:
    state = tab(AuditLogState, viewer, paths.AUDIT_LOG + query)
    await state.load()
    return state


def actions(state):
    return [row.action for row in state.rows]


async def test_a_line_says_who_did_what_to_whom_and_leads_to_all_like_it(ann, alice):
    record(ann, "credits.grant", ("user", alice.id), amount=5)
    record(None, "credits.audit")
    by_us, by_ann = (await shown(ann)).rows
    assert (by_ann.actor, by_ann.subject_type, by_ann.subject) == (ann.email, "user", alice.email)
    assert (by_ann.reason, by_ann.details) == ("It was due", '{\n  "amount": 5\n}')
    assert by_us.actor == ""
    for url in (by_ann.actor_url, by_ann.action_url, by_ann.subject_url):
        assert actions(await shown(ann, url.removeprefix(paths.AUDIT_LOG))) == ["credits.grant"]


@pytest.mark.parametrize("query", ["?action=credits", "?actor=%20Ann@Example.com", "?subject=alice@example.com"])
async def test_an_address_shows_only_what_it_asks_for(ann, alice, query):
    record(ann, "credits.grant", ("user", alice.id))
    record(None, "refund.done")
    state = await shown(ann, query)
    assert (actions(state), state.is_filtered) == (["credits.grant"], True)


async def test_whoever_follows_the_pages_meets_every_act_once_in_either_order(ann):
    for number in range(PAGE + 1):
        record(ann, f"act.{number:02}")
    for query, expected in (("", range(PAGE, -1, -1)), ("?order=oldest", range(PAGE + 1))):
        first = await shown(ann, query)
        assert (len(first.rows), first.first_url) == (PAGE, "")
        last = await shown(ann, first.next_url.removeprefix(paths.AUDIT_LOG))
        assert (last.next_url, last.first_url) == ("", paths.AUDIT_LOG + query)
        assert actions(first) + actions(last) == [f"act.{number:02}" for number in expected]


async def test_an_address_that_was_cut_off_says_so(ann):
    record(ann, "act")
    state = await shown(ann, "?cursor=abc")
    assert (state.is_loaded, state.is_lost) == (True, True)


async def test_a_form_leads_to_the_address_of_what_it_asks_for(ann):
    state = await shown(ann)
    form = {"action": " credits & more ", "actor": "", "subject": "x" * 999, "order": "oldest", "more": 1}
    place = place_of(await state.narrow(form))
    assert place == f"{paths.AUDIT_LOG}?action=credits+%26+more&subject={form['subject'][:LONGEST_VALUE]}&order=oldest"


async def test_members_and_visitors_are_shown_nothing_and_may_do_nothing(ann, alice):
    record(ann, "act")
    for viewer, error in ((alice, Forbidden), (None, SignInRequired)):
        state = tab(AuditLogState, viewer, paths.AUDIT_LOG)
        with pytest.raises(error):
            await state.load()
        assert (state.rows, state.is_loaded) == ([], False)
        with pytest.raises(error):
            await state.narrow({})


async def test_what_an_admin_was_shown_is_gone_once_they_are_none(ann):
    record(ann, "act")
    state = await shown(ann)
    assert state.rows
    with transaction() as session:
        change_role(session, session.get_one(User, ann.id), Role.USER)
    with pytest.raises(Forbidden):
        await state.load()
    assert (state.rows, state.is_loaded) == ([], False)


async def test_the_frame_lets_admins_in_and_sends_visitors_to_sign_in_and_back(ann, alice):
    for viewer, is_admin in ((ann, True), (alice, False)):
        state = tab(DashboardState, viewer, paths.AUDIT_LOG)
        assert await state.enter() is None
        assert (state.is_loaded, state.is_admin, state.is_super_admin) == (True, is_admin, False)
        assert (state.name, state.email) == (viewer.name, viewer.email)
    visitor = tab(DashboardState, None, f"{paths.AUDIT_LOG}?action=credits")
    assert place_of(await visitor.enter()) == f"{paths.LOGIN}?next=/dashboard/audit-log%3Faction%3Dcredits"
    assert not visitor.is_admin
