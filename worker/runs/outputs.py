"""Puts what a step made into the store, under keys that no other attempt uses."""

from sqlmodel import col, select

from funmagic.core.db import reading
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.names import name_output
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.tasks import Task
from funmagic.tasks.lifecycle import Claim
from worker.providers.base import OutputFile
from worker.runs.subject import Subject

PREVIEW_MIME = "image/webp"


def store_outputs(claim: Claim, subject: Subject, files: list[OutputFile]) -> list[Asset]:
    """Store the files and return their rows, not yet in the database; what earlier attempts left behind goes."""
    storage = get_storage()
    assets = []
    for number, file in enumerate(files):
        asset = _new_asset(subject, _storage_key(subject, claim.attempt, number, file), file)
        storage.put(asset.bucket, asset.storage_key, file.data, mime=file.mime)
        if asset.preview_key and file.preview:
            storage.put(asset.bucket, asset.preview_key, file.preview, mime=PREVIEW_MIME)
        for earlier in range(1, claim.attempt):
            key = _storage_key(subject, earlier, number, file)
            storage.delete(asset.bucket, key)
            if asset.preview_key:
                storage.delete(asset.bucket, _preview_key(key))
        assets.append(asset)
    return assets


def discard_outputs(assets: list[Asset]) -> None:
    """Remove stored files that no row names: their task turned out to belong to somebody else."""
    ids = [asset.id for asset in assets]
    with reading() as session:
        kept = set(session.exec(select(Asset.id).where(col(Asset.id).in_(ids))))
    for asset in assets:
        if asset.id not in kept:
            for key in asset.stored_keys:
                get_storage().delete(asset.bucket, key)


def outputs_prefix(task: Task) -> str:
    """What the keys of all files that a task makes begin with."""
    return f"outputs/{task.user_id}/{task.id}/"


def _new_asset(subject: Subject, storage_key: str, file: OutputFile) -> Asset:
    task = subject.task
    tool = subject.tool
    now = utcnow()
    source = subject.inputs.get("assetId") or next(iter(subject.previous), None)
    return Asset(
        user_id=task.user_id,
        task_id=task.id,
        tool_slug=tool.slug,
        kind=file.kind,
        bucket=PRIVATE_BUCKET,
        storage_key=storage_key,
        filename=name_output(source.filename if source else None, tool.slug, file.extension),
        mime=file.mime,
        size=len(file.data),
        width=file.width,
        height=file.height,
        meta=file.meta,
        preview_key=_preview_key(storage_key) if file.preview else None,
        verified_at=now,
        saved_at=now if subject.kind.saves_output and subject.is_last_step else None,
    )


def _storage_key(subject: Subject, attempt: int, number: int, file: OutputFile) -> str:
    return f"{outputs_prefix(subject.task)}{subject.step.step_id}-{attempt}-{number}.{file.extension}"


def _preview_key(storage_key: str) -> str:
    return f"{storage_key}.preview.webp"
