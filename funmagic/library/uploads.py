"""Uploads: the browser sends the bytes straight to the store; the server looks at them before anything uses them."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePath

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.viewer import Viewer
from funmagic.db import after_commit, reading, transaction
from funmagic.errors import FileTooLarge, InvalidInput, NotFound, UnsupportedFile, UploadMissing
from funmagic.library.images import MIME_BY_FORMAT, ImageFacts, inspect_image
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.base import new_id, utcnow
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET, ObjectMissing, PresignedPut

MEGABYTE = 1024 * 1024
UNUSED_UPLOAD_LIFETIME = timedelta(hours=24)
# The clock has other things to do, too.
REMOVED_AT_ONCE = 200


class UploadPurpose(StrEnum):
    """What a file is uploaded for."""

    TOOL_INPUT = "tool-input"


SIZE_LIMITS_MB = {UploadPurpose.TOOL_INPUT: 20}


@dataclass(frozen=True)
class Upload:
    """A reserved place for a file, and the signed request that fills it."""

    asset_id: str
    storage_key: str
    request: PresignedPut


def create_upload(
    session: Session, viewer: Viewer, *, filename: str, mime: str, size: int, purpose: UploadPurpose
) -> Upload:
    """Make the asset row and sign the upload; raises UnsupportedFile, FileTooLarge or InvalidInput."""
    if mime not in MIME_BY_FORMAT.values():
        raise UnsupportedFile
    if size > SIZE_LIMITS_MB[purpose] * MEGABYTE:
        raise FileTooLarge(limit_mb=SIZE_LIMITS_MB[purpose])
    if size <= 0:
        raise InvalidInput(field="size")
    asset_id = new_id()
    asset = Asset(
        id=asset_id,
        user_id=viewer.id,
        kind=AssetKind.IMAGE,
        bucket=PRIVATE_BUCKET,
        storage_key=f"uploads/{viewer.id}/{asset_id}",
        filename=clean_filename(filename),
        mime=mime,
        size=size,
    )
    session.add(asset)
    request = get_storage().presign_put(asset.bucket, asset.storage_key, mime=mime, size=size)
    return Upload(asset.id, asset.storage_key, request)


def verify_upload(viewer: Viewer, asset_id: str) -> None:
    """Look at an uploaded file once and remember what it is; raises what is wrong with it.

    It opens its own transactions: no lock may be held while the store is read.
    """
    with reading() as session:
        asset = find_own_asset(session, viewer, asset_id)
    if asset.verified_at is None:
        data = _read_whole(asset)
        facts = inspect_image(data)
        with transaction() as session:
            _remember(session, asset_id, facts, hashlib.sha256(data).hexdigest())


def sweep_unused_uploads(session: Session) -> int:
    """Drop uploads of a day ago that no task ever used; returns how many. While the store is away their rows wait."""
    # One statement: an upload that a task begins to use meanwhile is no longer among them.
    swept = session.execute(
        sa.update(Asset)
        .where(*_unused(), col(Asset.deleted_at).is_(None), col(Asset.created_at) < utcnow() - UNUSED_UPLOAD_LIFETIME)
        .values(deleted_at=utcnow())
        .returning(col(Asset.id))
    ).all()
    after_commit(session, _remove_swept)
    return len(swept)


def find_own_asset(session: Session, viewer: Viewer, asset_id: str) -> Asset:
    """An asset that is there and is the viewer's; raises NotFound."""
    asset = session.get(Asset, asset_id)
    if asset is None or asset.user_id != viewer.id or asset.deleted_at is not None:
        raise NotFound
    return asset


def clean_filename(name: str) -> str:
    """A file name that is safe to show, to store and to put into a header."""
    plain = PurePath(name.replace("\\", "/")).name
    kept = re.sub(r"[^\w.\- ()]", "_", plain).strip(" .")
    return kept[-120:] or "photo"


def _unused() -> tuple[sa.ColumnElement[bool], ...]:
    return col(Asset.task_id).is_(None), col(Asset.used_at).is_(None), col(Asset.saved_at).is_(None)


def _remove_swept() -> None:
    """Remove the files of swept uploads, then their rows, which know where the files are."""
    with reading() as session:
        query = select(Asset).where(*_unused(), col(Asset.deleted_at).is_not(None))
        assets = session.exec(query.order_by(col(Asset.id)).limit(REMOVED_AT_ONCE)).all()
    removed: list[str] = []
    try:
        for asset in assets:
            get_storage().delete(asset.bucket, asset.storage_key)
            removed.append(asset.id)
    finally:
        with transaction() as session:
            session.execute(sa.delete(Asset).where(*_unused(), col(Asset.id).in_(removed)))


def _read_whole(asset: Asset) -> bytes:
    storage = get_storage()
    info = storage.head(asset.bucket, asset.storage_key)
    if info is None or info.size != asset.size:
        raise UploadMissing
    try:
        return storage.get(asset.bucket, asset.storage_key)
    except ObjectMissing:
        raise UploadMissing from None


def _remember(session: Session, asset_id: str, facts: ImageFacts, sha256: str) -> None:
    asset = session.get_one(Asset, asset_id)
    asset.mime, asset.width, asset.height = facts.mime, facts.width, facts.height
    asset.sha256 = sha256
    asset.verified_at = utcnow()
