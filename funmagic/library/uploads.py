"""Uploads: the browser sends the bytes straight to the store; the server looks at them before anything uses them."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.viewer import Viewer
from funmagic.db import after_commit, reading, transaction
from funmagic.errors import FileTooLarge, InvalidInput, NotFound, UnsupportedFile, UploadMissing
from funmagic.library.errors import PhotoTooSmall
from funmagic.library.images import ImageFacts, inspect_image
from funmagic.library.names import clean_filename, with_suffix
from funmagic.library.photos.decoder import check_photo
from funmagic.library.photos.plain import draw_for_browsers
from funmagic.library.photos.types import WEBP, type_for
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.base import new_id, utcnow
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET, UPLOAD_LIFETIME, ObjectMissing, PresignedPut

MEGABYTE = 1024 * 1024
UPLOADS = "uploads/"
# In less there is nothing to work on.
SHORTEST_SIDE = 64
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
    """Make the asset row and sign the upload; raises UnsupportedFile, FileTooLarge or InvalidInput."""
    accepted = type_for(mime, filename)
    if accepted is None:
        raise UnsupportedFile
    if size > SIZE_LIMITS_MB[purpose] * MEGABYTE:
        raise FileTooLarge(limit_mb=SIZE_LIMITS_MB[purpose])
    if size <= 0:
        raise InvalidInput(field="size")
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


def verify_upload(viewer: Viewer, asset_id: str) -> None:
    """Look at an uploaded photo once and remember what it is; raises what is wrong with it.

    It opens its own transactions: no lock may be held while the store is read.
    """
    with reading() as session:
        asset = find_own_asset(session, viewer, asset_id)
    if asset.verified_at is None:
        data, facts = read_upload(asset)
        _check_photo(data, facts)
        preview_key = _keep_preview(asset, data)
        with transaction() as session:
            _remember(session, asset_id, facts, hashlib.sha256(data).hexdigest(), preview_key)


def read_upload(asset: Asset) -> tuple[bytes, ImageFacts]:
    """The bytes that arrived, and what they are; raises UploadMissing, or what is wrong with the photo's header."""
    storage = get_storage()
    info = storage.head(asset.bucket, asset.storage_key)
    if info is None or info.size != asset.size:
        raise UploadMissing
    try:
        data = storage.get(asset.bucket, asset.storage_key)
    except ObjectMissing:
        raise UploadMissing from None
    return data, inspect_image(data)


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
    is_old = col(Asset.created_at) < utcnow() - UNUSED_UPLOAD_LIFETIME
    is_unused = col(Asset.task_id).is_(None), col(Asset.used_at).is_(None), col(Asset.saved_at).is_(None)
    return discard_assets(session, is_old, *is_unused)


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


def _remove_some(which: sa.ColumnElement[bool]) -> str:
    """Remove the first of some discarded files; returns the id of the last, empty when there was none."""
    with reading() as session:
        query = select(Asset).where(which, col(Asset.deleted_at).is_not(None))
        assets = session.exec(query.order_by(col(Asset.id)).limit(REMOVED_AT_ONCE)).all()
    removed: list[str] = []
    try:
        for asset in assets:
            for key in asset.stored_keys:
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


def _check_photo(data: bytes, facts: ImageFacts) -> None:
    """Whether a tool can work on it at all: before credits are held."""
    if min(facts.width, facts.height) < SHORTEST_SIDE:
        raise PhotoTooSmall(side=SHORTEST_SIDE)
    check_photo(data)


def _keep_preview(asset: Asset, data: bytes) -> str | None:
    """Store what we see in a photo that browsers draw otherwise; returns its key, None where there is no need."""
    picture = draw_for_browsers(data)
    if picture is None:
        return None
    key = f"{asset.storage_key}.preview.webp"
    get_storage().put(asset.bucket, key, picture, mime=WEBP)
    return key


def _remember(session: Session, asset_id: str, facts: ImageFacts, sha256: str, preview_key: str | None) -> None:
    asset = session.get_one(Asset, asset_id)
    asset.mime, asset.width, asset.height = facts.mime, facts.width, facts.height
    asset.filename, asset.preview_key = with_suffix(asset.filename, facts.mime), preview_key
    asset.sha256 = sha256
    asset.verified_at = utcnow()
