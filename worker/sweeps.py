"""What is cleared up every ten minutes: each sweep by itself, so that one that breaks leaves the others alone."""

from collections.abc import Callable

import structlog
from sqlmodel import Session

from funmagic.accounts.sessions import sweep_expired_sessions
from funmagic.accounts.tokens import sweep_tokens
from funmagic.db import transaction
from funmagic.library.uploads import sweep_unused_uploads
from funmagic.storage.current import find_local_storage
from funmagic.telemetry.counters import CLOCK_ACTIONS, ClockAction, count
from worker.leftovers import sweep_leftovers

log = structlog.get_logger()


def sweep_everything() -> None:
    """Drop unused uploads, expired sessions and links, unfinished files, and files that nobody names."""
    for sweep in (
        _in_transaction(sweep_unused_uploads),
        _in_transaction(sweep_expired_sessions),
        _in_transaction(sweep_tokens),
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
