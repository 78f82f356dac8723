"""A user's files: looking at one, keeping it, downloading it. Owners only; anybody else finds nothing there."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col

from funmagic.core.errors import NotFound
from funmagic.core.json import Shape
from funmagic.core.storage.current import get_storage
from funmagic.library.uploads import discard_assets, find_seen_asset
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.sessions.viewer import Viewer

UNSAVED_LIFETIME = timedelta(days=30)


class AssetView(Shape):
    """A file of the viewer's, with an address that is good for an hour."""

    id: str
    kind: str
    filename: str
    mime: str
    size: int
    width: int | None
    height: int | None
    tool_slug: str | None
    task_id: str | None
    visibility: str
    meta: dict[str, Any]
    url: str
    preview_url: str | None
    saved_at: datetime | None
    created_at: datetime


def get_asset(session: Session, viewer: Viewer, asset_id: str) -> AssetView:
    """One file of the viewer's; raises NotFound."""
    return _view(find_seen_asset(session, viewer, asset_id))


def save_asset(session: Session, viewer: Viewer, asset_id: str) -> AssetView:
    """Keep a file that a tool made in the viewer's library; keeping it again changes nothing. Raises NotFound."""
    asset = find_seen_asset(session, viewer, asset_id)
    if asset.task_id is None:
        raise NotFound
    if asset.saved_at is None:
        asset.saved_at = utcnow()
    return _view(asset)


def sweep_unsaved_outputs(session: Session) -> int:
    """Drop what tools made more than 30 days ago and nobody saved; returns how many files."""
    is_output = col(Asset.task_id).is_not(None)
    is_old = col(Asset.created_at) < utcnow() - UNSAVED_LIFETIME
    is_loose = col(Asset.saved_at).is_(None), col(Asset.published_at).is_(None)
    return discard_assets(session, is_output, is_old, *is_loose)


def get_download_url(session: Session, viewer: Viewer, asset_id: str) -> str:
    """A presigned address that downloads the file under its own name; raises NotFound."""
    asset = find_seen_asset(session, viewer, asset_id)
    return get_storage().presign_get(asset.bucket, asset.storage_key, filename=asset.filename)


def _view(asset: Asset) -> AssetView:
    storage = get_storage()
    return AssetView(
        **asset.model_dump(include=set(AssetView.model_fields) - {"url", "preview_url"}),
        url=storage.presign_get(asset.bucket, asset.storage_key),
        preview_url=storage.presign_get(asset.bucket, asset.preview_key) if asset.preview_key else None,
    )
