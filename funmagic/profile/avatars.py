"""Avatars: of what a user uploads only a small square picture is kept, made anew from its pixels.

They are private like every file of a user's, and shown by signed addresses: only their owner ever sees them.
"""

import io

from PIL import Image, ImageOps
from sqlmodel import Session, col

from funmagic.accounts.users import load_user
from funmagic.core.db import reading, transaction
from funmagic.core.errors import NotFound
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.photos.decoder import decode_photo
from funmagic.library.photos.types import WEBP
from funmagic.library.uploads import discard_assets, find_own_asset
from funmagic.library.verification import read_upload
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.base import new_id, utcnow
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer

# As large as it is ever shown, twice over for fine screens; a smaller picture is not blown up.
SIDE = 512
QUALITY = 85


def use_avatar(viewer: Viewer, asset_id: str) -> None:
    """Make an upload the viewer's avatar; it and the avatar before it are removed.

    It opens its own transactions: no lock may be held while the store is used. Raises NotFound, UploadMissing,
    UnsupportedFile or ImageTooLarge.
    """
    with reading() as session:
        upload = find_own_asset(session, viewer, asset_id)
    if not _is_fresh(upload):
        raise NotFound
    picture = make_avatar(read_upload(upload)[0])
    avatar = _new_row(viewer, len(picture))
    # The row goes first, as an upload that nothing uses: if the process dies right here, the sweep finds the file.
    with transaction() as session:
        session.add(avatar)
    get_storage().put(avatar.bucket, avatar.storage_key, picture, mime=avatar.mime)
    with transaction() as session:
        _take_into_use(session, viewer, avatar.id, upload.id)


def remove_avatar(session: Session, viewer: Viewer) -> None:
    """Leave the viewer without an avatar; without one this is fine too."""
    user = load_user(session, viewer, will_change=True)
    old = user.avatar_asset_id
    user.avatar_asset_id = None
    discard_assets(session, col(Asset.id) == old)


def find_avatar_url(session: Session, user: User) -> str:
    """An address that shows a user's avatar for an hour; empty without one."""
    asset = session.get(Asset, user.avatar_asset_id) if user.avatar_asset_id else None
    return get_storage().presign_get(asset.bucket, asset.storage_key) if asset else ""


def make_avatar(data: bytes) -> bytes:
    """The middle square of a photo as WebP, with nothing in it but pixels; raises UnsupportedFile or ImageTooLarge."""
    picture = decode_photo(data, near=SIDE)
    side = min(SIDE, *picture.size)
    square = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    square.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()


def _is_fresh(upload: Asset) -> bool:
    return upload.kind == AssetKind.AVATAR and upload.used_at is None


def _new_row(viewer: Viewer, size: int) -> Asset:
    asset_id = new_id()
    return Asset(
        id=asset_id,
        user_id=viewer.id,
        kind=AssetKind.AVATAR,
        bucket=PRIVATE_BUCKET,
        storage_key=f"avatars/{viewer.id}/{asset_id}.webp",
        filename="avatar.webp",
        mime=WEBP,
        size=size,
    )


def _take_into_use(session: Session, viewer: Viewer, avatar_id: str, upload_id: str) -> None:
    user = load_user(session, viewer, will_change=True)
    upload = find_own_asset(session, viewer, upload_id)
    if not _is_fresh(upload):
        raise NotFound
    upload.used_at = utcnow()
    avatar = find_own_asset(session, viewer, avatar_id)
    avatar.used_at = avatar.verified_at = utcnow()
    discard_assets(session, col(Asset.id).in_([upload_id, user.avatar_asset_id]))
    user.avatar_asset_id = avatar_id
