"""Keeps a claimed task's lease alive while work goes on, and passes its progress to those who watch."""

import threading
import time
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from funmagic.core.db import transaction
from funmagic.tasks import lifecycle
from funmagic.tasks.events import EventType, publish
from worker.files.previews import shrink_preview

log = structlog.get_logger()

BEAT_S = 3
# Browsers lag above some twenty updates a second; ten look just as smooth.
PROGRESS_INTERVAL_S = 0.1


def hand_back() -> None:
    """Give the runs that this process works on to others, at once and as if they had only waited."""
    for heartbeat in list(_live):
        heartbeat.hand_back()


class Heartbeat:
    """A context in which the lease is renewed every few seconds from a thread of its own."""

    def __init__(self, claim: lifecycle.Claim) -> None:
        self._claim = claim
        self._progress: float | None = None
        self._published_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{claim.task_id}", daemon=True)

    def __enter__(self) -> Self:
        _live.add(self)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _live.discard(self)
        self._stop.set()
        self._thread.join()

    def hand_back(self) -> None:
        """Let go of the task; whatever this process still makes of it no longer counts."""
        try:
            with transaction() as session:
                lifecycle.park_task(session, self._claim, seconds=0)
        except (lifecycle.LeaseLost, SQLAlchemyError) as error:
            log.warning("not_handed_back", task_id=self._claim.task_id, error=str(error))

    def report(self, step_id: str, progress: float, *, preview: bytes | None = None) -> None:
        """Set how far a step is, from 0 to 1; it is published at most ten times a second, and each preview is."""
        self._progress = progress
        if preview is not None and (image := shrink_preview(preview)):
            publish(self._claim.task_id, EventType.PARTIAL_RESULT, stepId=step_id, data={"image": image})
        now = time.monotonic()
        if now - self._published_at >= PROGRESS_INTERVAL_S:
            self._published_at = now
            publish(self._claim.task_id, EventType.PROGRESS, stepId=step_id, progress=round(progress, 3))

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                with transaction() as session:
                    is_ours = lifecycle.extend_lease(session, self._claim, self._progress)
            except SQLAlchemyError as error:
                # The lease outlives two missed beats; the next one may reach the database again.
                log.warning("heartbeat_missed", task_id=self._claim.task_id, error=str(error))
                continue
            if not is_ours:
                return


_live: set[Heartbeat] = set()
