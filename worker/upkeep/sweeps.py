"""The sweeps that the clock makes every ten minutes: each by itself, so that one that breaks stops no other."""

from collections.abc import Callable

import structlog
from sqlmodel import Session

from funmagic.accounts.tokens import sweep_tokens
from funmagic.core.db import transaction
from funmagic.core.storage.current import find_local_storage
from funmagic.core.telemetry.counters import CLOCK_ACTIONS, ClockAction, count
from funmagic.library.service import sweep_unsaved_outputs
from funmagic.library.uploads import (
    remove_discarded,
    sweep_late_uploads,
    sweep_missing_uploads,
    sweep_unused_uploads,
)
from funmagic.mail.service import sweep_mails
from funmagic.profile.deletion import erase_deleted_accounts
from funmagic.sessions.service import sweep_expired_sessions
from worker.upkeep.leftovers import sweep_leftovers

log = structlog.get_logger()


def sweep_everything() -> None:
    """Delete unused uploads, leftover results, expired sessions and links, old mails, and accounts to be deleted."""
    for sweep in (
        _in_transaction(sweep_unused_uploads),
        sweep_missing_uploads,
        sweep_late_uploads,
        _in_transaction(sweep_unsaved_outputs),
        erase_deleted_accounts,
        remove_discarded,
        _in_transaction(sweep_expired_sessions),
        _in_transaction(sweep_tokens),
        _in_transaction(sweep_mails),
        _sweep_drafts,
        sweep_leftovers,
    ):
        try:
            sweep()
        except Exception:
            log.exception("sweep_failed")
    count(CLOCK_ACTIONS, ClockAction.SWEPT)


def _in_transaction(sweep: Callable[[Session], object]) -> Callable[[], object]:
    def run() -> None:
        with transaction() as session:
            sweep(session)

    return run


def _sweep_drafts() -> None:
    if local_storage := find_local_storage():
        local_storage.sweep_drafts()
