"""How much somebody may lay down here without using it."""

from datetime import timedelta

import pytest

from funmagic.core.db import transaction
from funmagic.core.settings import get_settings
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.errors import UnusedUploadsFull
from funmagic.library.uploads import MEGABYTE, UploadPurpose, create_upload, discard_assets, sweep_missing_uploads
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.profile.avatars import use_avatar
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import photo_bytes, run_together

pytestmark = pytest.mark.both_databases

FULL = 20 * MEGABYTE
PHOTO = photo_bytes()


def request_upload(viewer: Viewer, size: int = FULL, purpose: UploadPurpose = UploadPurpose.TOOL_INPUT) -> str:
    with transaction() as session:
        return create_upload(
            session, viewer, filename="photo.jpg", mime="image/jpeg", size=size, purpose=purpose
        ).asset_id


@pytest.fixture
def room_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty megabytes are the limit."""
    monkeypatch.setattr(get_settings(), "unused_upload_bytes", 2 * FULL)


def test_two_hundred_megabytes_may_wait_unused(alice: Viewer, bob: Viewer) -> None:
    for _ in range(10):
        request_upload(alice)
    with pytest.raises(UnusedUploadsFull) as refusal:
        request_upload(alice, 1)
    assert refusal.value.code == "UNUSED_UPLOADS_FULL"
    assert "200 MB" in refusal.value.message
    request_upload(bob)


@pytest.mark.usefixtures("room_for_two")
def test_of_many_who_ask_at_once_no_more_get_in_than_fit(alice: Viewer) -> None:
    def is_admitted() -> bool:
        try:
            request_upload(alice)
        except UnusedUploadsFull:
            return False
        return True

    assert sum(run_together(6, is_admitted)) == 2


@pytest.mark.usefixtures("room_for_two", "redis")
def test_what_a_run_or_an_avatar_uses_takes_up_no_space(alice: Viewer) -> None:
    request_upload(alice)
    request_upload(alice, FULL - len(PHOTO))
    factories.submit(alice, asset_id=factories.upload_photo(alice, PHOTO))
    picture = request_upload(alice, len(PHOTO), UploadPurpose.AVATAR)
    get_storage().put(PRIVATE_BUCKET, f"uploads/{alice.id}/{picture}", PHOTO, mime="image/jpeg")
    use_avatar(alice, picture)
    request_upload(alice, len(PHOTO))
    with pytest.raises(UnusedUploadsFull):
        request_upload(alice, 1)


@pytest.mark.usefixtures("room_for_two")
def test_what_is_thrown_away_counts_while_its_address_still_takes_a_file(alice: Viewer) -> None:
    thrown = [request_upload(alice), request_upload(alice)]
    with transaction() as session:
        discard_assets(session, Asset.id.in_(thrown))
    with pytest.raises(UnusedUploadsFull):
        request_upload(alice, 1)


@pytest.mark.usefixtures("room_for_two")
def test_what_never_arrived_gives_its_space_back(alice: Viewer) -> None:
    arrived, lost = request_upload(alice), request_upload(alice)
    get_storage().put(PRIVATE_BUCKET, f"uploads/{alice.id}/{arrived}", PHOTO, mime="image/jpeg")
    sweep_missing_uploads()
    with pytest.raises(UnusedUploadsFull):
        request_upload(alice, 1)
    with transaction() as session:
        for asset_id in (arrived, lost):
            session.get_one(Asset, asset_id).created_at = utcnow() - timedelta(minutes=31)
    sweep_missing_uploads()
    request_upload(alice, FULL)
    with pytest.raises(UnusedUploadsFull):
        request_upload(alice, 1)
