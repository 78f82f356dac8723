"""The object store of this process, as the settings say."""

from functools import lru_cache

from funmagic.settings import get_settings
from funmagic.storage.local import LocalStorage
from funmagic.storage.protocol import Storage


def get_storage() -> Storage:
    """The store in use."""
    return get_local_storage()


@lru_cache
def get_local_storage() -> LocalStorage:
    """The store in the data directory, which serves its own addresses."""
    settings = get_settings()
    return LocalStorage(settings.storage_dir, settings.signing_key(), settings.public_url)
