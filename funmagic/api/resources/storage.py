"""LocalStorage's own port: signed PUT and GET, refusing what S3 would refuse."""

import asyncio
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from funmagic import paths
from funmagic.core.errors import FunMagicError, NotFound
from funmagic.core.storage.current import find_local_storage
from funmagic.core.storage.local import LocalStorage, on_disk
from funmagic.core.storage.protocol import ObjectMissing
from funmagic.i18n.translate import N_

router = APIRouter(prefix=paths.STORAGE, include_in_schema=False)

# Whatever a stored file turns out to be, it must never run as a page of ours.
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
    # The address is the key to the file.
    "Referrer-Policy": "no-referrer",
}


class SignatureMismatch(FunMagicError):
    """The address was changed, belongs to another method, or has expired."""

    code = "SIGNATURE_MISMATCH"
    status = 403
    text = N_("This address is not valid, or it has expired.")


class IncompleteBody(FunMagicError):
    """The request ended before, or went on after, the length that was signed."""

    code = "INCOMPLETE_BODY"
    status = 400
    text = N_("The file did not arrive completely. Please try again.")


async def local_storage() -> LocalStorage:
    """The store that these routes serve; raises NotFound when files live in S3."""
    storage = find_local_storage()
    if storage is None:
        raise NotFound
    return storage


Local = Annotated[LocalStorage, Depends(local_storage)]


async def signed_query(bucket: str, key: str, request: Request, storage: Local) -> dict[str, str]:
    """The signed terms of this request; raises SignatureMismatch."""
    query = dict(request.query_params)
    if not storage.signature_is_valid(request.method, bucket, key, query):
        raise SignatureMismatch
    return query


SignedQuery = Annotated[dict[str, str], Depends(signed_query)]


@router.put("/{bucket}/{key:path}")
async def put_object(bucket: str, key: str, request: Request, query: SignedQuery, storage: Local) -> Response:
    """Store exactly the signed length of exactly the signed type."""
    size = int(query["size"])
    declared = request.headers.get("content-length")
    if request.headers.get("content-type") != query["type"] or (declared and declared != str(size)):
        raise SignatureMismatch
    await _receive(request, storage, bucket, key, mime=query["type"], size=size)
    return JSONResponse({}, status_code=200)


@router.get("/{bucket}/{key:path}")
async def get_object(bucket: str, key: str, query: SignedQuery, storage: Local) -> Response:
    """Serve an object, whole or by range."""
    path, mime = await asyncio.to_thread(_find, storage, bucket, key)
    return FileResponse(path, media_type=mime, filename=query.get("filename"), headers=SAFE_HEADERS)


def _find(storage: LocalStorage, bucket: str, key: str) -> tuple[Path, str]:
    try:
        info = storage.head(bucket, key)
    except ObjectMissing:
        raise NotFound from None
    if info is None:
        raise NotFound
    return storage.path(bucket, key), info.mime


async def _receive(request: Request, storage: LocalStorage, bucket: str, key: str, *, mime: str, size: int) -> None:
    with on_disk():
        draft = await asyncio.to_thread(storage.new_draft)
        received = 0
        try:
            async with await anyio.open_file(draft, "wb") as file:
                async for chunk in request.stream():
                    received += len(chunk)
                    if received > size:
                        raise IncompleteBody
                    await file.write(chunk)
            if received != size:
                raise IncompleteBody
            await asyncio.to_thread(storage.adopt, draft, bucket, key, mime=mime)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
