"""What was looked at is what is used, whatever the signed address takes before, while and after somebody looks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.errors import NotFound
from funmagic.core.storage.protocol import PRIVATE_BUCKET, Storage
from funmagic.library import verification
from funmagic.library.service import get_download_url
from funmagic.library.uploads import (
    LOOKED_AT,
    Upload,
    UploadPurpose,
    create_upload,
    remove_discarded,
    sweep_late_uploads,
    sweep_unused_uploads,
)
from funmagic.library.verification import verify_upload
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.tasks import TaskStep
from funmagic.models.users import User
from funmagic.profile import avatars
from funmagic.profile.avatars import use_avatar
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import photo_bytes
from worker.runs.subject import load_subject, read_work

pytestmark = pytest.mark.both_databases

# As long as any other: the address is signed for one length.
PHOTO = photo_bytes(format="PNG").ljust(1000, b"\0")
OTHER = b"<script>alert(1)</script>".ljust(len(PHOTO))


def upload(viewer: Viewer, purpose: UploadPurpose = UploadPurpose.TOOL_INPUT) -> Upload:
    with transaction() as session:
        return create_upload(session, viewer, filename="photo.png", mime="image/png", size=len(PHOTO), purpose=purpose)


@pytest.fixture
def send(http: httpx2.Client) -> Callable[[Upload, bytes], None]:
    """Sends bytes to an upload's signed address."""

    def send(place: Upload, data: bytes) -> None:
        answer = http.put(place.request.url, content=data, headers=place.request.headers)
        assert answer.status_code == 200

    return send


def load(asset_id: str) -> Asset:
    with reading() as session:
        return session.get_one(Asset, asset_id)


def do_meanwhile(monkeypatch: pytest.MonkeyPatch, module: Any, look: str, act: Callable[[], None]) -> None:
    """Have something done once, just after the bytes were looked at."""
    original, steps = getattr(module, look), iter([act])

    def read_and_act(data: bytes) -> Any:
        found = original(data)
        next(steps, lambda: None)()
        return found

    monkeypatch.setattr(module, look, read_and_act)


@pytest.mark.usefixtures("storage", "redis")
@pytest.mark.parametrize("when", ["while", "after"])
def test_a_photo_that_is_overwritten_is_used_and_served_as_it_was_looked_at(
    http: httpx2.Client,
    send: Callable[[Upload, bytes], None],
    alice: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    place = upload(alice)
    send(place, PHOTO)
    if when == "while":
        do_meanwhile(monkeypatch, verification, "inspect_image", lambda: send(place, OTHER))
    task = factories.submit(alice, asset_id=place.asset_id)
    if when == "after":
        send(place, OTHER)
    with reading() as session:
        step = session.exec(select(TaskStep).where(TaskStep.task_id == task.id)).one()
        address = get_download_url(session, alice, place.asset_id)
    assert read_work(load_subject(step)).files["assetId"].data == PHOTO
    assert http.get(address).content == PHOTO


def test_an_avatar_that_is_overwritten_is_the_one_that_was_looked_at(
    storage: Storage,
    send: Callable[[Upload, bytes], None],
    alice: Viewer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = upload(alice, UploadPurpose.AVATAR)
    send(place, PHOTO)
    do_meanwhile(monkeypatch, verification, "inspect_image", lambda: send(place, OTHER))
    use_avatar(alice, place.asset_id)
    send(place, OTHER)
    with reading() as session:
        picture = session.get_one(Asset, session.get_one(User, alice.id).avatar_asset_id)
    assert storage.get(PRIVATE_BUCKET, picture.storage_key) == avatars.make_avatar(PHOTO)


def test_of_two_who_look_at_different_bytes_the_first_decides(
    storage: Storage, send: Callable[[Upload, bytes], None], alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, second = upload(alice), photo_bytes(72, 96, "PNG").ljust(len(PHOTO), b"\0")
    send(place, second)

    def be_overtaken() -> None:
        send(place, PHOTO)
        verify_upload(alice, place.asset_id)

    do_meanwhile(monkeypatch, verification, "inspect_image", be_overtaken)
    verify_upload(alice, place.asset_id)
    asset = load(place.asset_id)
    assert (asset.width, asset.height) == (96, 72)
    assert second != PHOTO
    assert storage.get(PRIVATE_BUCKET, asset.storage_key) == PHOTO
    assert storage.list_keys(PRIVATE_BUCKET, f"{LOOKED_AT}{alice.id}/") == [asset.storage_key]


def test_two_who_look_at_the_same_bytes_both_find_them(
    storage: Storage, send: Callable[[Upload, bytes], None], alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = upload(alice)
    send(place, PHOTO)

    def be_overtaken() -> None:
        verify_upload(alice, place.asset_id)

    do_meanwhile(monkeypatch, verification, "inspect_image", be_overtaken)
    verify_upload(alice, place.asset_id)
    assert storage.get(PRIVATE_BUCKET, load(place.asset_id).storage_key) == PHOTO


def test_what_nobody_has_looked_at_is_shown_to_nobody(storage: Storage, alice: Viewer) -> None:
    place = upload(alice)
    storage.put(PRIVATE_BUCKET, place.storage_key, OTHER, mime="image/png")
    with reading() as session, pytest.raises(NotFound):
        get_download_url(session, alice, place.asset_id)


def test_what_comes_too_late_is_removed_and_nothing_else(
    storage: Storage, send: Callable[[Upload, bytes], None], alice: Viewer
) -> None:
    seen, fresh = upload(alice), upload(alice)
    for place in (seen, fresh):
        send(place, PHOTO)
    verify_upload(alice, seen.asset_id)
    assert storage.head(PRIVATE_BUCKET, seen.storage_key) is None
    send(seen, OTHER)
    sweep_late_uploads()
    assert storage.head(PRIVATE_BUCKET, seen.storage_key) is None
    assert storage.head(PRIVATE_BUCKET, fresh.storage_key) is not None
    assert storage.get(PRIVATE_BUCKET, load(seen.asset_id).storage_key) == PHOTO


def test_what_a_look_left_behind_that_was_cut_off_goes_with_the_upload(
    storage: Storage, send: Callable[[Upload, bytes], None], alice: Viewer
) -> None:
    place = upload(alice)
    send(place, PHOTO)
    storage.put(PRIVATE_BUCKET, f"{LOOKED_AT}{alice.id}/{place.asset_id}/cut-off", PHOTO, mime="image/png")
    with transaction() as session:
        session.get_one(Asset, place.asset_id).created_at = utcnow() - timedelta(days=2)
    with transaction() as session:
        sweep_unused_uploads(session)
    remove_discarded()
    assert storage.list_keys(PRIVATE_BUCKET, f"{LOOKED_AT}{alice.id}/") == []
    assert storage.head(PRIVATE_BUCKET, place.storage_key) is None


def test_who_looks_after_the_upload_was_moved_finds_it_looked_at(
    storage: Storage, send: Callable[[Upload, bytes], None], alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = upload(alice)
    send(place, PHOTO)
    original, steps = verification.read_upload, iter([lambda: verify_upload(alice, place.asset_id)])

    def come_late(asset: Asset) -> Any:
        next(steps, lambda: None)()
        return original(asset)

    monkeypatch.setattr(verification, "read_upload", come_late)
    verify_upload(alice, place.asset_id)
    assert storage.get(PRIVATE_BUCKET, load(place.asset_id).storage_key) == PHOTO
