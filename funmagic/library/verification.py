"""Verifies an upload before anything uses it, and keeps the very bytes that were verified."""

import hashlib
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col

from funmagic.core.db import after_commit, reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import ObjectMissing
from funmagic.library.errors import PhotoTooSmall, UploadMissing
from funmagic.library.images import ImageFacts, inspect_image
from funmagic.library.names import with_suffix
from funmagic.library.photos.decoder import check_photo
from funmagic.library.photos.rewriting import draw_for_browsers
from funmagic.library.photos.types import WEBP
from funmagic.library.uploads import find_own_asset, looked_at_prefix
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.sessions.viewer import Viewer

# In less there is nothing to work on.
SHORTEST_SIDE = 64


@dataclass(frozen=True)
class _Seen:
    """What was looked at, and where it is kept."""

    facts: ImageFacts
    sha256: str
    filename: str
    key: str
    preview_key: str | None

    @property
    def stored_keys(self) -> set[str]:
        """Everything that was stored of it."""
        return {self.key, *([self.preview_key] if self.preview_key else [])}


def verify_upload(viewer: Viewer, asset_id: str) -> None:
    """Verify an uploaded photo once, save what it is, and keep the very bytes that were verified.

    Whatever the signed address takes afterwards reaches nothing. Raises what is wrong with the file. It opens its own
    transactions: no lock may be held while the store is used.
    """
    with reading() as session:
        asset = find_own_asset(session, viewer, asset_id)
    if asset.verified_at is not None:
        return
    try:
        data, facts = read_upload(asset)
    except UploadMissing:
        if _was_looked_at(asset_id):  # by another, meanwhile
            return
        raise
    _check_photo(data, facts)
    seen = _keep(asset, data, facts)
    with transaction() as session:
        is_first = _remember(session, asset_id, seen)
        # Of two who looked at once, at different bytes, one was first; at the same, both need what is kept.
        kept = session.get(Asset, asset_id)
        unneeded = {asset.storage_key} if is_first else seen.stored_keys
        for key in unneeded - set(kept.stored_keys if kept else ()):
            after_commit(session, partial(get_storage().delete, asset.bucket, key))


def read_upload(asset: Asset) -> tuple[bytes, ImageFacts]:
    """The bytes that arrived, and what they are; raises UploadMissing, or what is wrong with the photo's header.

    Others may lie there a moment later: whatever is used must be made of what is returned here.
    """
    storage = get_storage()
    info = storage.head(asset.bucket, asset.storage_key)
    if info is None or info.size != asset.size:
        raise UploadMissing
    try:
        data = storage.get(asset.bucket, asset.storage_key)
    except ObjectMissing:
        raise UploadMissing from None
    return data, inspect_image(data)


def _was_looked_at(asset_id: str) -> bool:
    with reading() as session:
        asset = session.get(Asset, asset_id)
        return asset is not None and asset.verified_at is not None


def _check_photo(data: bytes, facts: ImageFacts) -> None:
    """Whether a tool can work on it at all: before credits are held."""
    if min(facts.width, facts.height) < SHORTEST_SIDE:
        raise PhotoTooSmall(side=SHORTEST_SIDE)
    check_photo(data)


def _keep(asset: Asset, data: bytes, facts: ImageFacts) -> _Seen:
    """Store the bytes that were looked at, and beside them what we see in a photo that browsers draw otherwise."""
    digest = hashlib.sha256(data).hexdigest()
    key = f"{looked_at_prefix(asset)}{digest[:32]}"
    get_storage().put(asset.bucket, key, data, mime=facts.mime)
    preview_key = None
    if picture := draw_for_browsers(data):
        preview_key = f"{key}.preview.webp"
        get_storage().put(asset.bucket, preview_key, picture, mime=WEBP)
    return _Seen(facts, digest, with_suffix(asset.filename, facts.mime), key, preview_key)


def _remember(session: Session, asset_id: str, seen: _Seen) -> bool:
    """Make this file the asset's, unless another look was faster or the asset is gone; whether that was done."""
    fresh = col(Asset.id) == asset_id, col(Asset.verified_at).is_(None), col(Asset.deleted_at).is_(None)
    look = (
        sa.update(Asset)
        .where(*fresh)
        .values(
            mime=seen.facts.mime,
            width=seen.facts.width,
            height=seen.facts.height,
            sha256=seen.sha256,
            filename=seen.filename,
            storage_key=seen.key,
            preview_key=seen.preview_key,
            verified_at=utcnow(),
        )
    )
    return session.execute(look.returning(col(Asset.id))).first() is not None
