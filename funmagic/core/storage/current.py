"""The object store of this process, as the settings say."""

from functools import lru_cache
from threading import Lock

from funmagic.core.settings import get_settings
from funmagic.core.storage.local import LocalStorage
from funmagic.core.storage.protocol import Storage

_making = Lock()


def get_storage() -> Storage:
    """The store in use."""
    return find_local_storage() or _get_s3_storage()


def find_local_storage() -> LocalStorage | None:
    """The store in the data directory, which serves its own addresses; None when files live in S3."""
    return None if get_settings().uses_s3 else _get_local_storage()


@lru_cache
def _get_local_storage() -> LocalStorage:
    settings = get_settings()
    return LocalStorage(settings.storage_dir, settings.signing_key(), settings.public_url)


def _get_s3_storage() -> Storage:
    # Making a client takes a while, and threads that come meanwhile must not make another.
    with _making:
        return _make_s3_storage()


@lru_cache
def _make_s3_storage() -> Storage:
    from funmagic.core.storage.s3 import S3Storage  # noqa: PLC0415 - boto3 is heavy, and of use only where S3 is

    return S3Storage(get_settings())
