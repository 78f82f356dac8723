"""The object store of this process, as the settings say."""

from functools import lru_cache

from funmagic.settings import get_settings
from funmagic.storage.local import LocalStorage


@lru_cache
def get_storage() -> LocalStorage:
    """The store in use, made on first call."""
    settings = get_settings()
    return LocalStorage(settings.storage_dir, settings.signing_key(), settings.public_url)
