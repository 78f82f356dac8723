"""The audit log: written with the act, listed to admins only, newest first."""

from contextlib import suppress

import pytest

from funmagic import paths
from funmagic.audit_log.service import ActFilter, find_emails, list_acts, record_act
from funmagic.core.db import reading, transaction
from funmagic.models.users import Role
from tests.factories import make_user, sign_in

pytestmark = pytest.mark.both_databases


def record(actor, action):
    with transaction() as session:
        record_act(session, actor, action, ("user", "somebody"), reason="It was due", amount=5)


def test_an_act_is_written_down_with_who_what_to_whom_and_why(alice):
    record(alice, "credits.grant")
    with reading() as session:
        [act] = list_acts(session).acts
    assert (act.actor_id, act.action, act.subject_type, act.subject_id) == (
        alice.id,
        "credits.grant",
        "user",
        "somebody",
    )
    assert (act.reason, act.details) == ("It was due", {"amount": 5})


def test_what_was_not_done_is_not_written_down(alice):
    with suppress(ZeroDivisionError), transaction() as session:
        record_act(session, alice, "credits.grant", ("user", "somebody"))
        raise ZeroDivisionError
    with reading() as session:
        assert list_acts(session).acts == []


def test_admins_page_through_the_log_newest_first(client, redis):
    ann = make_user("ann", Role.ADMIN)
    for number in range(3):
        record(None, f"act.{number}")
    sign_in(client, ann)
    seen, cursor = [], None
    for _ in range(2):
        page = client.get(
            paths.API_ADMIN_AUDIT_LOG, params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen, cursor = seen + [act["action"] for act in page["acts"]], page["nextCursor"]
    assert seen == ["act.2", "act.1", "act.0"]
    assert cursor is None


def test_nobody_else_reads_it(alice_client):
    assert alice_client.get(paths.API_ADMIN_AUDIT_LOG).status_code == 403


def test_acts_are_looked_for_by_action_by_people_and_by_what_they_were_done_to(alice, bob):
    with transaction() as session:
        record_act(session, alice, "credits.grant", ("user", bob.id))
        record_act(session, bob, "credits_lost", ("task", "100%"))
        record_act(session, None, "refund.done", ("task", "100"))
    for wanted, expected in (
        (ActFilter(action="credits"), ["credits_lost", "credits.grant"]),
        (ActFilter(action="credits_"), ["credits_lost"]),
        (ActFilter(actor=alice.id), ["credits.grant"]),
        (ActFilter(actor="Bob@example.com"), ["credits_lost"]),
        (ActFilter(subject=bob.email), ["credits.grant"]),
        (ActFilter(subject="100"), ["refund.done"]),
        (ActFilter(actor="nobody@example.com"), []),
        (ActFilter(action="credits", actor=bob.id), ["credits_lost"]),
    ):
        with reading() as session:
            assert [act.action for act in list_acts(session, wanted).acts] == expected, wanted


def test_the_oldest_come_first_for_whoever_asks_so(alice):
    for number in range(3):
        record(alice, f"act.{number}")
    with reading() as session:
        first = list_acts(session, oldest_first=True, limit=2)
        second = list_acts(session, oldest_first=True, limit=2, cursor=first.next_cursor)
        assert [act.action for act in (*first.acts, *second.acts)] == ["act.0", "act.1", "act.2"]
        assert find_emails(session, first.acts) == {alice.id: alice.email}
