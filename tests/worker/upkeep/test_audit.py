"""The nightly audit: once in 24 hours whatever restarts, by one clock, told by metrics and in the log."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import structlog
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.credits.audit import find_last_audit
from funmagic.models.audit_log import AuditEntry
from funmagic.models.credits import CreditAccount
from funmagic.models.leases import AUDIT_LEASE, Lease
from tests.factories import run_together, wait_until
from worker.clock import Clock
from worker.upkeep import audit
from worker.upkeep.audit import audit_when_due

pytestmark = pytest.mark.both_databases

HOUR_S = 3600


def let_pass(seconds):
    """So much time passes, as far as the audit's lease is concerned."""
    with transaction() as session:
        session.get_one(Lease, AUDIT_LEASE).expires_at -= timedelta(seconds=seconds)


def tamper(balance=101):
    with transaction() as session:
        session.execute(sa.update(CreditAccount).values(balance=balance))


def audits():
    with reading() as session:
        return [entry.details["discrepancies"] for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))]


def test_the_books_are_audited_once_in_twenty_four_hours(alice):
    assert audit_when_due()
    for _ in range(3):
        assert not audit_when_due()
    let_pass(23.9 * HOUR_S)
    assert not audit_when_due()
    let_pass(0.2 * HOUR_S)
    assert audit_when_due()
    assert audits() == [0, 0]


def test_of_many_clocks_one_audits(alice):
    assert sorted(run_together(8, audit_when_due)) == [False] * 7 + [True]
    assert audits() == [0]


def test_every_discrepancy_is_an_error_in_the_log_and_their_number_is_kept(alice, bob):
    tamper()
    with structlog.testing.capture_logs() as logs:
        audit_when_due()
    errors = [line for line in logs if line["log_level"] == "error"]
    assert {(line["event"], line["subject_id"]) for line in errors} == {
        ("credits_discrepancy", alice.id),
        ("credits_discrepancy", bob.id),
    }
    assert all("the balance is 101, and the lines come to 100" in line["problem"] for line in errors)
    with reading() as session:
        assert find_last_audit(session).discrepancies == 2


def test_what_was_found_is_looked_for_again_an_hour_later(alice):
    tamper()
    audit_when_due()
    assert not audit_when_due()
    tamper(100)
    let_pass(1.1 * HOUR_S)
    assert audit_when_due()
    let_pass(1.1 * HOUR_S)
    assert not audit_when_due()
    assert audits() == [1, 0]


def test_an_audit_that_died_is_made_again_an_hour_later(alice, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(audit, "audit_credits", lambda _session: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            audit_when_due()
    assert not audit_when_due()
    assert audits() == []
    let_pass(1.1 * HOUR_S)
    assert audit_when_due()
    assert audits() == [0]


def test_the_clock_sees_to_it(alice, redis, monkeypatch):
    monkeypatch.setattr("worker.clock.FIRST_AUDIT_LOOK_S", 0)
    Clock().tick()
    wait_until(lambda: audits() == [0])
