from pathlib import Path

import pytest

from funmagic.core.storage.protocol import (
    ADMIN_BUCKET,
    PRIVATE_BUCKET,
    PUBLIC_BUCKET,
    ObjectInfo,
    ObjectMissing,
    Storage,
)

PHOTO = b"the bytes of a photo"
ESCAPES = [
    "../photo",
    "../../photo",
    "../private-too/photo",
    "a/../../photo",
    "/etc/passwd",
    "",
    ".",
    "..",
    "a/..",
]


def test_what_is_put_can_be_had_again(storage: Storage) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO
    assert storage.head(PRIVATE_BUCKET, "a/photo") == ObjectInfo(len(PHOTO), "image/png")


def test_a_file_can_be_put(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(PHOTO)
    storage.put(PRIVATE_BUCKET, "a/photo", tmp_path / "photo.png", mime="image/png")
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO
    assert (tmp_path / "photo.png").exists()


def test_putting_again_replaces(storage: Storage) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")
    storage.put(PRIVATE_BUCKET, "a/photo", b"", mime="image/gif")
    assert storage.get(PRIVATE_BUCKET, "a/photo") == b""
    assert storage.head(PRIVATE_BUCKET, "a/photo") == ObjectInfo(0, "image/gif")


def test_a_copy_outlives_its_original(storage: Storage) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")
    storage.copy(PRIVATE_BUCKET, "a/photo", to_bucket=PUBLIC_BUCKET, to_key="b/copy")
    storage.delete(PRIVATE_BUCKET, "a/photo")
    assert storage.get(PUBLIC_BUCKET, "b/copy") == PHOTO
    assert storage.head(PUBLIC_BUCKET, "b/copy") == ObjectInfo(len(PHOTO), "image/png")


def test_what_is_deleted_is_gone_and_deleting_again_is_fine(storage: Storage) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")
    for _ in range(2):
        storage.delete(PRIVATE_BUCKET, "a/photo")
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_an_object_that_is_not_there_is_missing(storage: Storage) -> None:
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None
    with pytest.raises(ObjectMissing):
        storage.get(PRIVATE_BUCKET, "a/photo")
    with pytest.raises(ObjectMissing):
        storage.copy(PRIVATE_BUCKET, "a/photo", to_bucket=PUBLIC_BUCKET, to_key="b/none")
    assert storage.head(PUBLIC_BUCKET, "b/none") is None


def test_each_bucket_has_its_own_objects(storage: Storage) -> None:
    buckets = [PRIVATE_BUCKET, PUBLIC_BUCKET, ADMIN_BUCKET]
    for bucket in buckets:
        storage.put(bucket, "a/same key", bucket.encode(), mime="text/plain")
    assert [storage.get(bucket, "a/same key") for bucket in buckets] == [bucket.encode() for bucket in buckets]


@pytest.mark.parametrize("key", ESCAPES)
def test_a_key_that_would_leave_its_bucket_reaches_nothing(storage: Storage, key: str) -> None:
    for act in (
        lambda: storage.put(PRIVATE_BUCKET, key, PHOTO, mime="image/png"),
        lambda: storage.get(PRIVATE_BUCKET, key),
        lambda: storage.head(PRIVATE_BUCKET, key),
        lambda: storage.delete(PRIVATE_BUCKET, key),
        lambda: storage.copy(PRIVATE_BUCKET, key, to_bucket=PUBLIC_BUCKET, to_key="b/copy"),
    ):
        with pytest.raises(ObjectMissing):
            act()


def test_the_keys_below_a_prefix_are_listed(storage: Storage) -> None:
    for key in ("runs/1/a.png", "runs/1/deep/b.png", "runs/10/c.png", "other/d.png"):
        storage.put(PRIVATE_BUCKET, key, PHOTO, mime="image/png")
    assert sorted(storage.list_keys(PRIVATE_BUCKET, "runs/1/")) == ["runs/1/a.png", "runs/1/deep/b.png"]
    assert storage.list_keys(PRIVATE_BUCKET, "nothing/") == []
