"""What any object store must offer; everything else in the product speaks only this."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_

LINK_LIFETIME = timedelta(hours=1)
UPLOAD_LIFETIME = timedelta(minutes=15)
# Roles, as asset rows name them; a store may call its buckets otherwise.
PRIVATE_BUCKET = "private"
PUBLIC_BUCKET = "public"
ADMIN_BUCKET = "admin"


@dataclass(frozen=True)
class PresignedPut:
    """A request that stores one object of exactly the signed type and length, until it expires."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class ObjectInfo:
    """An object's size in bytes and its MIME type, as the store has them."""

    size: int
    mime: str


class ObjectMissing(Exception):
    """There is no such object."""


class StorageUnavailable(FunMagicError):
    """The store is down, slow, or refuses us; nothing is known of the object."""

    code = "STORAGE_UNAVAILABLE"
    status = 503
    retry_after = 5
    text = N_("Our file storage cannot be reached right now. Nothing was charged. Please try again in a minute.")


class Storage(Protocol):
    """An object store with signed addresses that browsers use directly.

    Signing asks nobody; everything else raises StorageUnavailable within seconds when the store does not answer.
    """

    def presign_put(self, bucket: str, key: str, *, mime: str, size: int) -> PresignedPut:
        """Sign an upload of exactly this type and length, good for 15 minutes."""

    def presign_get(self, bucket: str, key: str, *, filename: str | None = None) -> str:
        """Sign an address that serves the object for an hour; with a filename, as a download of that name."""

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """An object's facts, or None when it is not there."""

    def get(self, bucket: str, key: str) -> bytes:
        """An object's bytes; raises ObjectMissing."""

    def put(self, bucket: str, key: str, source: bytes | Path, *, mime: str) -> None:
        """Store an object, replacing what was there."""

    def copy(self, bucket: str, key: str, *, to_bucket: str, to_key: str) -> None:
        """Copy an object inside the store; raises ObjectMissing."""

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is fine."""

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys of all objects whose keys begin so; `prefix` ends with a slash."""
