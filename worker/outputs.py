"""Puts what a step made into the store, under keys that no other attempt uses."""

from sqlmodel import Session, col, select

from funmagic.db import reading
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.tasks import Task, TaskStep
from funmagic.models.tools import Tool
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET
from funmagic.tasks.lifecycle import Claim
from funmagic.tools.service import kind_of
from worker.providers.base import OutputFile


def store_outputs(claim: Claim, step: TaskStep, files: list[OutputFile]) -> list[Asset]:
    """Store the files and return their rows, not yet in the database; what earlier attempts left behind goes."""
    with reading() as session:
        task = session.get_one(Task, claim.task_id)
        assets = [
            _new_asset(session, task, _storage_key(task, step, claim.attempt, n, file), file)
            for n, file in enumerate(files)
        ]
    storage = get_storage()
    for number, (asset, file) in enumerate(zip(assets, files, strict=True)):
        storage.put(asset.bucket, asset.storage_key, file.data, mime=file.mime)
        for earlier in range(1, claim.attempt):
            storage.delete(asset.bucket, _storage_key(task, step, earlier, number, file))
    return assets


def discard_outputs(assets: list[Asset]) -> None:
    """Remove stored files that no row names: their task turned out to belong to somebody else."""
    ids = [asset.id for asset in assets]
    with reading() as session:
        kept = set(session.exec(select(Asset.id).where(col(Asset.id).in_(ids))))
    for asset in assets:
        if asset.id not in kept:
            get_storage().delete(asset.bucket, asset.storage_key)


def outputs_prefix(task: Task) -> str:
    """What the keys of all files that a task makes begin with."""
    return f"outputs/{task.user_id}/{task.id}/"


def _new_asset(session: Session, task: Task, storage_key: str, file: OutputFile) -> Asset:
    tool = session.get_one(Tool, task.tool_id)
    now = utcnow()
    return Asset(
        user_id=task.user_id,
        task_id=task.id,
        tool_slug=tool.slug,
        kind=file.kind,
        bucket=PRIVATE_BUCKET,
        storage_key=storage_key,
        filename=f"{_stem(session, task, tool)}-{tool.slug}.{file.extension}",
        mime=file.mime,
        size=len(file.data),
        width=file.width,
        height=file.height,
        verified_at=now,
        saved_at=now if kind_of(tool).saves_output else None,
    )


def _storage_key(task: Task, step: TaskStep, attempt: int, number: int, file: OutputFile) -> str:
    return f"{outputs_prefix(task)}{step.step_id}-{attempt}-{number}.{file.extension}"


def _stem(session: Session, task: Task, tool: Tool) -> str:
    photo = session.get(Asset, task.input.get("assetId", ""))
    return photo.filename.rsplit(".", 1)[0] if photo else tool.slug
