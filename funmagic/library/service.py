"""A user's files: looking at one, and downloading it. Owners only; anybody else finds nothing there."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from funmagic.accounts.viewer import Viewer
from funmagic.json_api import Shape
from funmagic.library.uploads import find_own_asset
from funmagic.storage.current import get_storage


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
    created_at: datetime


def get_asset(session: Session, viewer: Viewer, asset_id: str) -> AssetView:
    """One file of the viewer's; raises NotFound."""
    asset = find_own_asset(session, viewer, asset_id)
    return AssetView(
        **asset.model_dump(include=set(AssetView.model_fields) - {"url"}),
        url=get_storage().presign_get(asset.bucket, asset.storage_key),
    )


def get_download_url(session: Session, viewer: Viewer, asset_id: str) -> str:
    """A presigned address that downloads the file under its own name; raises NotFound."""
    asset = find_own_asset(session, viewer, asset_id)
    return get_storage().presign_get(asset.bucket, asset.storage_key, filename=asset.filename)
