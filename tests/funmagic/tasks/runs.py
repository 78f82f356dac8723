"""What tests make of runs, and count of them."""

from typing import Any

from sqlalchemy import func
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.base import utcnow
from funmagic.models.credits import CreditTransaction
from funmagic.models.tasks import Task
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.service import cancel_task
from tests.factories import change_task, load_task


def count(table: type, *conditions: object) -> int:
    """How many rows there are."""
    with reading() as session:
        return session.exec(select(func.count()).select_from(table).where(*conditions)).one()


def assert_nothing_started(viewer: Viewer) -> None:
    """No task, no hold, no line in the ledger but the welcome."""
    assert count(Task, Task.user_id == viewer.id) == 0
    assert count(CreditTransaction, CreditTransaction.user_id == viewer.id) == 1


def cancel(viewer: Viewer, task_id: str) -> None:
    """The owner presses Cancel."""
    with transaction() as session:
        cancel_task(session, viewer, task_id)


def complete(task_id: str, *, kind: AssetKind = AssetKind.IMAGE, **meta: Any) -> str:
    """The run has made a file, as far as the database knows; returns the asset's id."""
    task = load_task(task_id)
    extension, mime = {AssetKind.MODEL: ("glb", "model/gltf-binary"), AssetKind.IMAGE: ("png", "image/png")}[kind]
    asset = Asset(
        user_id=task.user_id,
        task_id=task_id,
        tool_slug="figme",
        kind=kind,
        bucket=PRIVATE_BUCKET,
        storage_key=f"outputs/{task_id}.{extension}",
        filename=f"photo.{extension}",
        mime=mime,
        size=3_000_000,
        width=640,
        height=480,
        meta=meta,
        preview_key=f"outputs/{task_id}.preview.webp",
        verified_at=utcnow(),
    )
    with transaction() as session:
        session.add(asset)
    change_task(task_id, status="completed", finished_at=utcnow(), output={"assetIds": [asset.id]})
    return asset.id
