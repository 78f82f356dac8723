"""Files that no row names: attempts that were killed between the store and the database leave them behind."""

import structlog
from sqlmodel import Session, col, select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import Asset
from funmagic.models.base import db_time, utcnow
from funmagic.models.tasks import Task
from worker.runs.outputs import outputs_prefix

log = structlog.get_logger()

# By then whoever still worked on the task has found its lease gone, and removed what they stored.
SETTLED_AFTER_S = 60
AT_ONCE = 500


def sweep_leftovers(*, settled_after_s: float = SETTLED_AFTER_S) -> int:
    """Remove the files of ended tasks that no row names; returns how many tasks were looked at."""
    with reading() as session:
        ended = select(Task).where(
            col(Task.files_swept_at).is_(None), col(Task.finished_at) < db_time(-settled_after_s)
        )
        tasks = session.exec(ended.order_by(col(Task.finished_at)).limit(AT_ONCE)).all()
    for task in tasks:
        _sweep(task)
        with transaction() as session:
            session.get_one(Task, task.id).files_swept_at = utcnow()
    return len(tasks)


def _sweep(task: Task) -> None:
    stored = set(get_storage().list_keys(PRIVATE_BUCKET, outputs_prefix(task)))
    if not stored:
        return
    with reading() as session:
        named = _named_keys(session, task)
    for key in stored - named:
        log.info("leftover_removed", task_id=task.id, key=key)
        get_storage().delete(PRIVATE_BUCKET, key)


def _named_keys(session: Session, task: Task) -> set[str]:
    assets = session.exec(select(Asset).where(Asset.task_id == task.id))
    return {key for asset in assets for key in asset.stored_keys}
