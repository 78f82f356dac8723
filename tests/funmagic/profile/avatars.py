"""Uploading a picture of oneself."""

from funmagic.core.db import transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.uploads import UploadPurpose, create_upload
from funmagic.sessions.viewer import Viewer


def upload(viewer: Viewer, data: bytes, purpose: UploadPurpose = UploadPurpose.AVATAR) -> str:
    with transaction() as session:
        place = create_upload(session, viewer, filename="me.png", mime="image/png", size=len(data), purpose=purpose)
    get_storage().put(PRIVATE_BUCKET, place.storage_key, data, mime="image/png")
    return place.asset_id
