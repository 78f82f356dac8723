"""S3Storage: objects in any S3 store; browsers reach it by addresses that this process signs."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from funmagic.core.settings import Settings
from funmagic.core.storage.protocol import (
    ADMIN_BUCKET,
    LINK_LIFETIME,
    PRIVATE_BUCKET,
    PUBLIC_BUCKET,
    UPLOAD_LIFETIME,
    ObjectInfo,
    ObjectMissing,
    PresignedPut,
    StorageUnavailable,
)
from funmagic.models.base import utcnow

log = structlog.get_logger()

# A store that is down costs a request a few seconds, and one that hangs about ten.
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
ATTEMPTS = 2
# More than the threads of a web process that may want the store at the same time.
CONNECTIONS = 50
# A HEAD has no body to name the error in, and then botocore gives the status.
NOT_THERE = {"404", "NoSuchKey", "NotFound"}
CACHING = "private, max-age=3600"


class S3Storage:
    """An object store behind the S3 protocol; a bucket is named by its role, and the settings say what it is called."""

    def __init__(self, settings: Settings) -> None:
        self._buckets = bucket_names(settings)
        self._client = make_client(settings, settings.s3_endpoint)
        # The host is part of a signature: what browsers use must be signed with the address that they see.
        self._signer = make_client(settings, settings.s3_public_endpoint)

    def presign_put(self, bucket: str, key: str, *, mime: str, size: int) -> PresignedPut:
        """Sign an upload of exactly this type and length, good for 15 minutes."""
        terms = {"ContentType": mime, "ContentLength": size}
        url = self._sign("put_object", self._address(bucket, key) | terms, UPLOAD_LIFETIME)
        return PresignedPut("PUT", url, {"Content-Type": mime}, utcnow() + UPLOAD_LIFETIME)

    def presign_get(self, bucket: str, key: str, *, filename: str | None = None) -> str:
        """Sign an address that serves the object for an hour; with a filename, as a download of that name."""
        terms = {"ResponseCacheControl": CACHING}
        if filename:
            terms["ResponseContentDisposition"] = _attachment(filename)
        return self._sign("get_object", self._address(bucket, key) | terms, LINK_LIFETIME)

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """An object's facts, or None when it is not there."""
        address = self._address(bucket, key)
        try:
            with _asking(bucket, key):
                answer = self._client.head_object(**address)
        except ObjectMissing:
            return None
        return ObjectInfo(answer["ContentLength"], answer["ContentType"])

    def get(self, bucket: str, key: str) -> bytes:
        """An object's bytes; raises ObjectMissing."""
        with _asking(bucket, key):
            data: bytes = self._client.get_object(**self._address(bucket, key))["Body"].read()
        return data

    def put(self, bucket: str, key: str, source: bytes | Path, *, mime: str) -> None:
        """Store an object, replacing what was there."""
        body = source.open("rb") if isinstance(source, Path) else nullcontext(source)
        with body as data, _asking(bucket, key):
            self._client.put_object(**self._address(bucket, key), Body=data, ContentType=mime)

    def copy(self, bucket: str, key: str, *, to_bucket: str, to_key: str) -> None:
        """Copy an object inside the store; raises ObjectMissing."""
        with _asking(bucket, key):
            self._client.copy_object(**self._address(to_bucket, to_key), CopySource=self._address(bucket, key))

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        address = self._address(bucket, key)
        with suppress(ObjectMissing), _asking(bucket, key):
            self._client.delete_object(**address)

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys of all objects whose keys begin so; `prefix` ends with a slash."""
        with _asking(bucket, prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._buckets[bucket], Prefix=prefix)
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _address(self, bucket: str, key: str) -> dict[str, Any]:
        # To S3 these are names like any other, but some stores keep objects in folders, and would leave the bucket.
        if any(part in ("", ".", "..") for part in key.split("/")):
            raise ObjectMissing(key)
        return {"Bucket": self._buckets[bucket], "Key": key}

    def _sign(self, operation: str, terms: dict[str, Any], lifetime: timedelta) -> str:
        seconds = int(lifetime.total_seconds())
        url: str = self._signer.generate_presigned_url(operation, Params=terms, ExpiresIn=seconds)
        return url


def bucket_names(settings: Settings) -> dict[str, str]:
    """What the store calls the bucket of each role."""
    return {
        PRIVATE_BUCKET: settings.s3_bucket_private,
        PUBLIC_BUCKET: settings.s3_bucket_public,
        ADMIN_BUCKET: settings.s3_bucket_admin,
    }


def make_client(settings: Settings, endpoint: str) -> Any:
    """A client of the configured store that signs with SigV4 and gives up within seconds; threads may share it."""
    return _session().client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        config=Config(
            # Left alone, botocore signs addresses of us-east-1 the old way.
            signature_version="s3v4",
            s3={"addressing_style": settings.s3_addressing_style},
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=CONNECTIONS,
            # Checksum trailers are news to many stores that are not AWS.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        ),
    )


@lru_cache
def _session() -> boto3.session.Session:
    # It reads what S3 is from large files, once, and a second client made of it costs next to nothing.
    return boto3.session.Session()


@contextmanager
def _asking(bucket: str, key: str) -> Iterator[None]:
    """Turns what botocore raises into ObjectMissing and StorageUnavailable."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            raise ObjectMissing(key) from None
        raise _unavailable(bucket, key, error) from error
    except BotoCoreError as error:
        raise _unavailable(bucket, key, error) from error


def _unavailable(bucket: str, key: str, error: Exception) -> StorageUnavailable:
    log.warning("storage_unavailable", bucket=bucket, key=key, error=str(error))
    return StorageUnavailable()


def _attachment(filename: str) -> str:
    """A Content-Disposition (RFC 6266) that names the download in any script."""
    quoted = quote(filename, safe="")
    return f'attachment; filename="{filename}"' if quoted == filename else f"attachment; filename*=UTF-8''{quoted}"
