"""`/api/upload` and `/api/assets/*`: a place for a photo, and the viewer's files."""

from datetime import datetime

from fastapi import APIRouter, status
from fastapi.responses import RedirectResponse
from pydantic import Field

from funmagic.core.db import reading, transaction
from funmagic.core.json import Named, RequestShape, Shape
from funmagic.http.callers import RequiredViewer
from funmagic.library import service, uploads
from funmagic.library.service import AssetView
from funmagic.library.uploads import UploadPurpose

router = APIRouter(prefix="/api", tags=["assets"])


class UploadRequest(RequestShape):
    """The file that is about to be uploaded."""

    filename: str = Field(min_length=1, max_length=255)
    content_type: str = Field(max_length=100)
    size: int = Field(gt=0)
    purpose: Named[UploadPurpose] = UploadPurpose.TOOL_INPUT


class UploadAnswer(Shape):
    """The signed request that uploads the file, to be sent exactly so."""

    asset_id: str
    storage_key: str
    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class AssetAnswer(Shape):
    """A file."""

    asset: AssetView


@router.post("/upload", status_code=status.HTTP_201_CREATED)
def create_upload(body: UploadRequest, viewer: RequiredViewer) -> UploadAnswer:
    """Reserve a place for a file, and sign the request that fills it."""
    with transaction() as session:
        upload = uploads.create_upload(
            session,
            viewer,
            filename=body.filename,
            mime=body.content_type,
            size=body.size,
            purpose=body.purpose,
        )
    request = upload.request
    return UploadAnswer(
        asset_id=upload.asset_id,
        storage_key=upload.storage_key,
        method=request.method,
        url=request.url,
        headers=request.headers,
        expires_at=request.expires_at,
    )


@router.get("/assets/{asset_id}")
def get_asset(asset_id: str, viewer: RequiredViewer) -> AssetAnswer:
    """One file of the viewer's."""
    with reading() as session:
        return AssetAnswer(asset=service.get_asset(session, viewer, asset_id))


@router.post("/assets/{asset_id}/save")
def save_asset(asset_id: str, viewer: RequiredViewer) -> AssetAnswer:
    """Keep a file that a tool made in the viewer's library."""
    with transaction() as session:
        return AssetAnswer(asset=service.save_asset(session, viewer, asset_id))


@router.get("/assets/{asset_id}/download", status_code=status.HTTP_302_FOUND, response_class=RedirectResponse)
def download_asset(asset_id: str, viewer: RequiredViewer) -> RedirectResponse:
    """Redirect to a presigned address that downloads the file."""
    with reading() as session:
        url = service.get_download_url(session, viewer, asset_id)
    return RedirectResponse(url, status.HTTP_302_FOUND, headers={"Cache-Control": "no-store"})
