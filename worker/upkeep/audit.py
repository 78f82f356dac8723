"""The nightly audit of the credits: once in 24 hours, by one clock, whenever which one started; and what it found.

A lease says when the next is due, so that restarts forget nothing. It is held for an hour first: an audit that died,
or that found something, is made again after that.
"""

import structlog

from funmagic.core.db import snapshot, transaction
from funmagic.credits.audit import audit_credits, record_audit
from funmagic.models.base import new_id
from funmagic.models.leases import AUDIT_LEASE
from worker.upkeep.leadership import hold_lease

log = structlog.get_logger()

EVERY_S = 24 * 3600.0
AGAIN_S = 3600.0


def audit_when_due() -> bool:
    """Prove the books if that is due, log what is not right, and write down how it went; whether it was due."""
    turn = new_id()
    with transaction() as session:
        if not hold_lease(session, AUDIT_LEASE, turn, seconds=AGAIN_S):
            return False
    with snapshot() as session:
        discrepancies = audit_credits(session)
    for each in discrepancies:
        log.error("credits_discrepancy", subject=each.subject, subject_id=each.subject_id, problem=str(each))
    with transaction() as session:
        record_audit(session, len(discrepancies))
        if not discrepancies:
            hold_lease(session, AUDIT_LEASE, turn, seconds=EVERY_S)
    log.info("credits_audited", discrepancies=len(discrepancies))
    return True
