import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import ExifTags, Image
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.local import LocalStorage
from funmagic.core.storage.protocol import PRIVATE_BUCKET, StorageUnavailable
from funmagic.library.uploads import UploadPurpose, create_upload, remove_discarded, sweep_unused_uploads
from funmagic.models.assets import Asset
from funmagic.models.base import new_id, utcnow
from funmagic.models.users import User
from funmagic.profile import avatars
from funmagic.profile.avatars import remove_avatar, use_avatar
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import photo_bytes
from tests.funmagic.library import samples
from tests.funmagic.profile.avatars import upload

pytestmark = pytest.mark.both_databases

MEGABYTE = 1024 * 1024


def set_avatar(viewer: Viewer, data: bytes) -> None:
    use_avatar(viewer, upload(viewer, data))


def stored_avatar(viewer: Viewer) -> Image.Image:
    with reading() as session:
        asset = session.get_one(Asset, session.get_one(User, viewer.id).avatar_asset_id)
    assert (asset.kind, asset.visibility, asset.bucket, asset.mime) == ("avatar", "private", "private", "image/webp")
    data = get_storage().get(asset.bucket, asset.storage_key)
    assert asset.size == len(data)
    return Image.open(io.BytesIO(data), formats=["WEBP"])


def stored_keys(viewer: Viewer) -> list[str]:
    return [
        key
        for room in ("uploads", "inputs", "avatars")
        for key in get_storage().list_keys("private", f"{room}/{viewer.id}/")
    ]


def halves(width: int, height: int, codec: str = "PNG", **save: Any) -> bytes:
    """The left half red, the right half blue."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    buffer = io.BytesIO()
    image.save(buffer, codec, **save)
    return buffer.getvalue()


def colour_at(image: Image.Image, x: float, y: float) -> str:
    red, _, blue = image.convert("RGB").getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))
    return "red" if red > blue else "blue"


def test_an_avatar_goes_the_whole_way_and_is_seen_by_its_owner(alice_client: TestClient) -> None:
    data = photo_bytes(900, 600)
    body = {"filename": "me.jpg", "contentType": "image/jpeg", "size": len(data), "purpose": "avatar"}
    place = alice_client.post("/api/upload", json=body).json()
    alice_client.request(place["method"], place["url"], content=data, headers=place["headers"])
    answer = alice_client.put("/api/profile/avatar", json={"assetId": place["assetId"]})
    shown = alice_client.get(answer.json()["profile"]["avatarUrl"])
    assert shown.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(shown.content)).size == (512, 512)
    assert alice_client.delete("/api/profile/avatar").status_code == 204
    assert alice_client.get("/api/profile").json()["profile"]["avatarUrl"] == ""
    assert alice_client.get(shown.url).status_code == 404


def test_an_avatar_has_at_most_five_megabytes(alice_client: TestClient) -> None:
    body = {"filename": "me.jpg", "contentType": "image/jpeg", "purpose": "avatar"}
    assert alice_client.post("/api/upload", json=body | {"size": 5 * MEGABYTE}).status_code == 201
    answer = alice_client.post("/api/upload", json=body | {"size": 5 * MEGABYTE + 1})
    assert (answer.status_code, answer.json()["error"]["details"]) == (413, {"limit_mb": 5})


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize(("width", "height", "side"), [(900, 600, 512), (600, 900, 512), (40, 30, 30), (1, 1, 1)])
def test_an_avatar_is_the_middle_square_of_any_picture(
    alice: Viewer, codec: str, width: int, height: int, side: int
) -> None:
    set_avatar(alice, halves(width, height, codec))
    avatar = stored_avatar(alice)
    assert avatar.size == (side, side)
    if side > 1:
        assert (colour_at(avatar, 0.1, 0.5), colour_at(avatar, 0.9, 0.5)) == ("red", "blue")


@pytest.mark.parametrize("codec", ["JPEG", "PNG"])
def test_an_avatar_stands_upright_whatever_the_camera_did(alice: Viewer, codec: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # a quarter turn clockwise
    set_avatar(alice, halves(600, 400, codec, exif=exif))
    avatar = stored_avatar(alice)
    assert (colour_at(avatar, 0.5, 0.1), colour_at(avatar, 0.5, 0.9)) == ("red", "blue")


@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP"])
def test_an_avatar_tells_nothing_of_where_it_was_taken(alice: Viewer, codec: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretCamera"
    exif[ExifTags.Base.ImageDescription] = "at home"
    save: dict[str, Any] = {"exif": exif, "icc_profile": b"SecretProfile" * 20}
    if codec != "JPEG":
        save["xmp"] = b"<x>SecretPlace</x>"
    data = halves(600, 400, codec, **save)
    assert b"Secret" in data
    set_avatar(alice, data)
    avatar = stored_avatar(alice)
    assert dict(avatar.getexif()) == {}
    assert not {"exif", "xmp", "icc_profile"} & {name for name, value in avatar.info.items() if value}
    assert b"Secret" not in get_storage().get("private", stored_keys(alice)[0])


def test_an_animation_becomes_its_first_frame(alice: Viewer) -> None:
    set_avatar(alice, samples.frames(5, "GIF"))
    assert getattr(stored_avatar(alice), "n_frames", 1) == 1


def test_a_picture_stays_see_through(alice: Viewer) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(buffer, "PNG")
    set_avatar(alice, buffer.getvalue())
    assert stored_avatar(alice).convert("RGBA").getpixel((32, 32))[3] == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (samples.SVG, "UNSUPPORTED_FILE"),
        (samples.HTML, "UNSUPPORTED_FILE"),
        (samples.PDF, "UNSUPPORTED_FILE"),
        (samples.TRUNCATED_PNG, "DAMAGED_FILE"),
        (photo_bytes(400, 300)[:-900], "DAMAGED_FILE"),
        (photo_bytes(400, 300, "PNG")[:-300], "DAMAGED_FILE"),
        (samples.plain_png(8000, 6000), "IMAGE_TOO_LARGE"),
        (samples.plain_png(30000, 30000), "IMAGE_TOO_LARGE"),
    ],
    ids=["svg", "html", "pdf", "header-only", "half-jpeg", "half-png", "large", "bomb"],
)
def test_what_is_no_picture_or_too_much_of_one_is_refused(
    alice: Viewer, alice_client: TestClient, data: bytes, code: str
) -> None:
    set_avatar(alice, photo_bytes())
    kept = stored_keys(alice)
    asset_id = upload(alice, data)
    answer = alice_client.put("/api/profile/avatar", json={"assetId": asset_id})
    assert answer.json()["error"]["code"] == code
    stored_avatar(alice)
    assert set(kept) < set(stored_keys(alice))


def test_only_the_newest_avatar_is_kept_and_no_upload(alice: Viewer) -> None:
    for side in (100, 200, 300):
        set_avatar(alice, photo_bytes(side, side))
    (key,) = stored_keys(alice)
    assert key.startswith(f"avatars/{alice.id}/")
    assert stored_avatar(alice).size == (300, 300)
    with transaction() as session:
        remove_avatar(session, alice)
    assert stored_keys(alice) == []


def test_an_avatar_in_use_is_not_swept(alice: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    set_avatar(alice, photo_bytes())
    with transaction() as session:
        for asset in session.exec(select(Asset)):
            asset.created_at = utcnow().replace(year=2000)
    with transaction() as session:
        sweep_unused_uploads(session)
    remove_discarded()
    stored_avatar(alice)
    with reading() as session:
        assert len(session.exec(select(Asset)).all()) == 1


def test_an_upload_serves_once(alice: Viewer, alice_client: TestClient) -> None:
    asset_id = upload(alice, photo_bytes())
    codes = factories.run_together(
        5, lambda: alice_client.put("/api/profile/avatar", json={"assetId": asset_id}).status_code
    )
    # Whoever comes second finds no upload there, or none of its bytes.
    assert codes.count(200) == 1
    assert set(codes) <= {200, 400, 404}
    stored_avatar(alice)


def test_a_tools_photo_the_avatar_itself_and_a_strangers_upload_are_no_uploads_of_an_avatar(
    alice: Viewer, alice_client: TestClient, bob: Viewer
) -> None:
    set_avatar(alice, photo_bytes())
    with reading() as session:
        in_use = session.get_one(User, alice.id).avatar_asset_id
    for asset_id in (factories.upload_photo(alice), in_use, upload(bob, photo_bytes()), new_id()):
        answer = alice_client.put("/api/profile/avatar", json={"assetId": asset_id})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    stored_avatar(alice)


def test_a_file_that_never_arrived_is_no_avatar(alice: Viewer, alice_client: TestClient) -> None:
    with transaction() as session:
        place = create_upload(
            session, alice, filename="me.png", mime="image/png", size=10, purpose=UploadPurpose.AVATAR
        )
    answer = alice_client.put("/api/profile/avatar", json={"assetId": place.asset_id})
    assert answer.json()["error"]["code"] == "UPLOAD_MISSING"


def test_with_the_store_away_the_old_avatar_stays_and_nothing_is_left_behind(
    alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_avatar(alice, photo_bytes(100, 100))
    asset_id = upload(alice, photo_bytes(200, 200))

    def refuse(*_: Any, **__: Any) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "put", refuse)
        with pytest.raises(StorageUnavailable):
            use_avatar(alice, asset_id)
    assert stored_avatar(alice).size == (100, 100)
    use_avatar(alice, asset_id)
    assert stored_avatar(alice).size == (200, 200)


def test_a_discarded_upload_can_be_filled_again_and_is_removed_again(
    alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = upload(alice, photo_bytes())
    use_avatar(alice, asset_id)
    key = f"uploads/{alice.id}/{asset_id}"
    get_storage().put(PRIVATE_BUCKET, key, b"sent again, with the address that was signed", mime="image/png")
    remove_discarded()
    assert get_storage().head(PRIVATE_BUCKET, key) is None
    with transaction() as session:
        session.get_one(Asset, asset_id).created_at = utcnow().replace(year=2000)
    remove_discarded()
    with reading() as session:
        assert session.get(Asset, asset_id) is None


def test_the_biggest_picture_that_is_let_in_is_made_small(alice: Viewer) -> None:
    set_avatar(alice, samples.plain_png(8000, 5000))
    assert stored_avatar(alice).size == (avatars.SIDE, avatars.SIDE)
