"""Uploads: the browser sends the bytes straight to the store; `verification.py` looks before anything uses them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.users import load_user
from funmagic.core.db import after_commit, reading, transaction
from funmagic.core.errors import InvalidInput, NotFound
from funmagic.core.settings import get_settings
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET, UPLOAD_LIFETIME, PresignedPut
from funmagic.library.errors import FileTooLarge, UnsupportedFile, UnusedUploadsFull
from funmagic.library.names import clean_filename
from funmagic.library.photos.types import type_for
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.base import new_id, utcnow
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import check_address_rate
from funmagic.sessions.viewer import Viewer

MEGABYTE = 1024 * 1024
UPLOADS = "uploads/"
# What was looked at lies here, where no signed address leads.
LOOKED_AT = "inputs/"
UNUSED_UPLOAD_LIFETIME = timedelta(hours=24)
# Whoever discards more than these is not kept waiting for the store: the clock removes the rest.
REMOVED_AT_ONCE = 200


class UploadPurpose(StrEnum):
    """What a file is uploaded for."""

    TOOL_INPUT = "tool-input"
    AVATAR = "avatar"


SIZE_LIMITS_MB = {UploadPurpose.TOOL_INPUT: 20, UploadPurpose.AVATAR: 5}
KINDS = {UploadPurpose.TOOL_INPUT: AssetKind.IMAGE, UploadPurpose.AVATAR: AssetKind.AVATAR}


@dataclass(frozen=True)
class Upload:
    """A reserved place for a file, and the signed request that fills it."""

    asset_id: str
    storage_key: str
    request: PresignedPut


def create_upload(
    session: Session, viewer: Viewer, *, filename: str, mime: str, size: int, purpose: UploadPurpose
) -> Upload:
    """Make the asset row and sign the upload, which counts for the address of whoever asks.

    Raises TooManyRequests, UnsupportedFile, FileTooLarge, InvalidInput or UnusedUploadsFull.
    """
    check_address_rate(Category.UPLOAD)
    accepted = type_for(mime, filename)
    if accepted is None:
        raise UnsupportedFile
    if size > SIZE_LIMITS_MB[purpose] * MEGABYTE:
        raise FileTooLarge(limit_mb=SIZE_LIMITS_MB[purpose])
    if size <= 0:
        raise InvalidInput(field="size")
    _check_space(session, viewer, size)
    asset_id = new_id()
    asset = Asset(
        id=asset_id,
        user_id=viewer.id,
        kind=KINDS[purpose],
        bucket=PRIVATE_BUCKET,
        storage_key=f"{UPLOADS}{viewer.id}/{asset_id}",
        filename=clean_filename(filename),
        mime=accepted,
        size=size,
    )
    session.add(asset)
    request = get_storage().presign_put(asset.bucket, asset.storage_key, mime=asset.mime, size=size)
    return Upload(asset.id, asset.storage_key, request)


def discard_assets(session: Session, *which: sa.ColumnElement[bool]) -> int:
    """Delete these files; returns how many. What they were called goes with this transaction, their bytes after it.

    While the store is away the bytes wait for `remove_discarded`.
    """
    # One statement: what somebody changes meanwhile is looked at again.
    discarded = sa.update(Asset).where(*which, col(Asset.deleted_at).is_(None))
    forgotten = {"deleted_at": utcnow(), "filename": "", "sha256": None, "meta": {}}
    ids = session.execute(discarded.values(forgotten).returning(col(Asset.id))).scalars().all()
    after_commit(session, partial(_remove_some, col(Asset.id).in_(ids[:REMOVED_AT_ONCE])))
    return len(ids)


def sweep_unused_uploads(session: Session) -> int:
    """Drop uploads of a day ago that nothing ever used; returns how many."""
    return discard_assets(session, col(Asset.created_at) < utcnow() - UNUSED_UPLOAD_LIFETIME, *_is_unused())


def sweep_missing_uploads() -> None:
    """Drop uploads that never arrived and no longer can, so that they take up nobody's space."""
    is_over = col(Asset.created_at) < utcnow() - 2 * UPLOAD_LIFETIME
    with reading() as session:
        waiting = is_over, col(Asset.verified_at).is_(None), col(Asset.deleted_at).is_(None), *_is_unused()
        assets = session.exec(select(Asset).where(*waiting)).all()
    missing = [asset.id for asset in assets if get_storage().head(asset.bucket, asset.storage_key) is None]
    with transaction() as session:
        discard_assets(session, col(Asset.id).in_(missing), *_is_unused())


def sweep_late_uploads() -> None:
    """Remove what signed addresses took after the file that they were signed for had been looked at."""
    # In this order: whoever may send a file already has its row.
    stored = get_storage().list_keys(PRIVATE_BUCKET, UPLOADS)
    with reading() as session:
        named = set(session.exec(select(Asset.storage_key).where(col(Asset.storage_key).startswith(UPLOADS))).all())
    for key in stored:
        if key not in named:
            get_storage().delete(PRIVATE_BUCKET, key)


def remove_discarded() -> None:
    """Remove the files of all discarded assets from the store, then their rows, which know where the files are."""
    last = ""
    while last := _remove_some(col(Asset.id) > last):
        pass


def find_own_asset(session: Session, viewer: Viewer, asset_id: str) -> Asset:
    """An asset that is there and is the viewer's; raises NotFound."""
    asset = session.get(Asset, asset_id)
    if asset is None or asset.user_id != viewer.id or asset.deleted_at is not None:
        raise NotFound
    return asset


def find_seen_asset(session: Session, viewer: Viewer, asset_id: str) -> Asset:
    """An asset of the viewer's whose bytes the server knows, and may show; raises NotFound."""
    asset = find_own_asset(session, viewer, asset_id)
    if asset.verified_at is None:
        raise NotFound
    return asset


def _remove_some(which: sa.ColumnElement[bool]) -> str:
    """Remove the first of some discarded files; returns the id of the last, empty when there was none."""
    with reading() as session:
        query = select(Asset).where(which, col(Asset.deleted_at).is_not(None))
        assets = session.exec(query.order_by(col(Asset.id)).limit(REMOVED_AT_ONCE)).all()
    removed: list[str] = []
    try:
        for asset in assets:
            for key in _all_keys(asset):
                get_storage().delete(asset.bucket, key)
            if not _may_still_arrive(asset):
                removed.append(asset.id)
    finally:
        with transaction() as session:
            session.execute(sa.delete(Asset).where(col(Asset.id).in_(removed)))
    return assets[-1].id if assets else ""


def _may_still_arrive(asset: Asset) -> bool:
    """Whether the address that was signed for it still takes a file: then the row stays, and so does the duty."""
    return asset.storage_key.startswith(UPLOADS) and asset.created_at > utcnow() - 2 * UPLOAD_LIFETIME


def _check_space(session: Session, viewer: Viewer, size: int) -> None:
    # The user is held, so that many who ask at once are counted one after the other.
    load_user(session, viewer, will_change=True)
    unused = sa.select(sa.func.coalesce(sa.func.sum(Asset.size), 0)).where(
        col(Asset.user_id) == viewer.id, *_is_unused()
    )
    limit = get_settings().unused_upload_bytes
    if session.execute(unused).scalar_one() + size > limit:
        raise UnusedUploadsFull(limit_mb=limit // MEGABYTE)


def _is_unused() -> tuple[sa.ColumnElement[bool], ...]:
    return col(Asset.task_id).is_(None), col(Asset.used_at).is_(None), col(Asset.saved_at).is_(None)


def looked_at_prefix(asset: Asset) -> str:
    """Where what was looked at of an upload lies in the store."""
    return f"{LOOKED_AT}{asset.user_id}/{asset.id}/"


def _all_keys(asset: Asset) -> set[str]:
    """Everything that may lie in the store for an asset, also what a look left behind that was cut off."""
    keys = set(asset.stored_keys)
    if asset.storage_key.startswith((UPLOADS, LOOKED_AT)):
        keys.update(get_storage().list_keys(asset.bucket, looked_at_prefix(asset)))
    return keys
