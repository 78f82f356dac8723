"""LocalStorage: objects as files below the data directory, behind signed addresses on the product's own port."""

import hashlib
import hmac
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import structlog

from funmagic import paths
from funmagic.core.storage.protocol import (
    LINK_LIFETIME,
    UPLOAD_LIFETIME,
    ObjectInfo,
    ObjectMissing,
    PresignedPut,
    StorageUnavailable,
)
from funmagic.models.base import utcnow

log = structlog.get_logger()

# Beside each object lies a file of this suffix with its type.
FACTS = ".facts"


class LocalStorage:
    """An object store in a folder; each object lies beside a small JSON file with its type."""

    def __init__(self, root: Path, signing_key: bytes, base_url: str) -> None:
        self._root = root.resolve()
        self._base_url = base_url
        self._signing_key = signing_key

    def presign_put(self, bucket: str, key: str, *, mime: str, size: int) -> PresignedPut:
        """Sign an upload of exactly this type and length, good for 15 minutes."""
        terms = {"type": mime, "size": str(size)}
        url = self._sign("PUT", bucket, key, terms, UPLOAD_LIFETIME)
        return PresignedPut("PUT", url, {"Content-Type": mime}, utcnow() + UPLOAD_LIFETIME)

    def presign_get(self, bucket: str, key: str, *, filename: str | None = None) -> str:
        """Sign an address that serves the object for an hour; with a filename, as a download of that name."""
        return self._sign("GET", bucket, key, {"filename": filename} if filename else {}, LINK_LIFETIME)

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """An object's facts, or None when it is not there."""
        path = self.path(bucket, key)
        with on_disk():
            try:
                return ObjectInfo(**json.loads(_facts_path(path).read_text()))
            except FileNotFoundError:
                return None

    def get(self, bucket: str, key: str) -> bytes:
        """An object's bytes; raises ObjectMissing."""
        path = self.path(bucket, key)
        with on_disk():
            try:
                return path.read_bytes()
            except FileNotFoundError:
                raise ObjectMissing(key) from None

    def put(self, bucket: str, key: str, source: bytes | Path, *, mime: str) -> None:
        """Store an object, replacing what was there."""
        self.path(bucket, key)  # a key that reaches nothing is refused before anything is written
        with on_disk():
            draft = self.new_draft()
            if isinstance(source, bytes):
                draft.write_bytes(source)
            else:
                shutil.copyfile(source, draft)
            self.adopt(draft, bucket, key, mime=mime)

    def copy(self, bucket: str, key: str, *, to_bucket: str, to_key: str) -> None:
        """Copy an object inside the store; raises ObjectMissing."""
        info = self.head(bucket, key)
        if info is None:
            raise ObjectMissing(key)
        self.put(to_bucket, to_key, self.path(bucket, key), mime=info.mime)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        path = self.path(bucket, key)
        with on_disk():
            path.unlink(missing_ok=True)
            _facts_path(path).unlink(missing_ok=True)

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys of all objects whose keys begin so; `prefix` ends with a slash."""
        folder = self.path(bucket, prefix.rstrip("/"))
        with on_disk():
            files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != FACTS]
        return [prefix + path.relative_to(folder).as_posix() for path in files]

    def new_draft(self) -> Path:
        """A path for bytes on their way in; it becomes an object only when adopted whole."""
        folder = self._root / "drafts"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / secrets.token_hex(16)

    def sweep_drafts(self) -> None:
        """Remove drafts of a day ago: their uploads were cut off together with the process."""
        for draft in (self._root / "drafts").glob("*"):
            if draft.stat().st_mtime < (utcnow() - timedelta(days=1)).timestamp():
                draft.unlink(missing_ok=True)

    def adopt(self, draft: Path, bucket: str, key: str, *, mime: str) -> None:
        """Make a finished draft the object, at once."""
        path = self.path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        facts = self.new_draft()
        facts.write_text(json.dumps(asdict(ObjectInfo(draft.stat().st_size, mime))))
        draft.replace(path)
        facts.replace(_facts_path(path))

    def path(self, bucket: str, key: str) -> Path:
        """Where the object's file lies; raises ObjectMissing for a key that would leave its bucket."""
        # By its words alone: there are no links in here, and following them would cost many looks at the disk.
        folder = Path(os.path.normpath(self._root / "buckets" / bucket))
        path = Path(os.path.normpath(folder / key))
        if not path.is_relative_to(folder) or path == folder or path.suffix == FACTS:
            raise ObjectMissing(key)
        return path

    def signature_is_valid(self, method: str, bucket: str, key: str, query: dict[str, str]) -> bool:
        """Whether this request is one that we signed, and has not expired."""
        terms = {name: value for name, value in query.items() if name != "signature"}
        expires = terms.get("expires", "")
        expected = self._signature(method, bucket, key, terms)
        is_ours = hmac.compare_digest(expected.encode(), query.get("signature", "").encode())
        return is_ours and expires.isdecimal() and int(expires) > utcnow().timestamp()

    def _sign(self, method: str, bucket: str, key: str, terms: dict[str, str], lifetime: timedelta) -> str:
        terms = terms | {"expires": str(int((utcnow() + lifetime).timestamp()))}
        query = urlencode(terms | {"signature": self._signature(method, bucket, key, terms)})
        return f"{self._base_url}{paths.STORAGE}/{bucket}/{quote(key)}?{query}"

    def _signature(self, method: str, bucket: str, key: str, terms: dict[str, str]) -> str:
        message = "\n".join([method, bucket, key, urlencode(sorted(terms.items()))])
        return hmac.new(self._signing_key, message.encode(), hashlib.sha256).hexdigest()


@contextmanager
def on_disk() -> Iterator[None]:
    """Within the block a disk that is full, broken or not ours to write is StorageUnavailable."""
    try:
        yield
    except OSError as error:
        log.exception("storage_unavailable")
        raise StorageUnavailable from error


def _facts_path(path: Path) -> Path:
    return path.with_name(path.name + FACTS)
