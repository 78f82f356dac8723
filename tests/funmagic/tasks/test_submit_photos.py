"""The photo of a run: the viewer's own, really there, really an image."""

import pytest
import sqlalchemy as sa

from funmagic.core.db import transaction
from funmagic.core.errors import NotFound
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.errors import UnsupportedFile, UploadMissing
from funmagic.library.uploads import UploadPurpose, create_upload
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from tests.factories import (
    submit,
    upload_photo,
)
from tests.funmagic.tasks.runs import assert_nothing_started, count

pytestmark = pytest.mark.usefixtures("redis")


def change_asset(asset_id, **columns):
    with transaction() as session:
        session.execute(sa.update(Asset).where(Asset.id == asset_id).values(**columns))


def test_a_photo_of_somebody_else_is_not_found(alice, bob):
    with pytest.raises(NotFound):
        submit(alice, asset_id=upload_photo(bob))
    assert_nothing_started(alice)


def test_a_photo_that_was_deleted_is_not_found(alice):
    asset_id = upload_photo(alice)
    change_asset(asset_id, deleted_at=utcnow())
    with pytest.raises(NotFound):
        submit(alice, asset_id=asset_id)


def test_an_upload_that_never_arrived_is_refused(alice):
    with transaction() as session:
        upload = create_upload(
            session, alice, filename="a.jpg", mime="image/jpeg", size=9, purpose=UploadPurpose.TOOL_INPUT
        )
    with pytest.raises(UploadMissing):
        submit(alice, asset_id=upload.asset_id)
    get_storage().put(PRIVATE_BUCKET, upload.storage_key, b"too short", mime="image/jpeg")
    change_asset(upload.asset_id, size=10)
    with pytest.raises(UploadMissing):
        submit(alice, asset_id=upload.asset_id)
    assert_nothing_started(alice)


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff not really"])
def test_a_file_that_is_no_image_is_refused_whatever_it_says(alice, data):
    with pytest.raises(UnsupportedFile):
        submit(alice, asset_id=upload_photo(alice, data))
    assert_nothing_started(alice)


def test_a_used_photo_is_marked_as_used(alice):
    asset_id = upload_photo(alice)
    submit(alice, asset_id=asset_id)
    assert count(Asset, Asset.id == asset_id, Asset.used_at.is_not(None), Asset.verified_at.is_not(None)) == 1
