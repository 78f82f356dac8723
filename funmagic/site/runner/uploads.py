"""The way of a photo from the browser to the store."""

from typing import Any

from sqlmodel import Session

from funmagic.library.described_file import DescribedFile
from funmagic.library.uploads import Upload, UploadPurpose, create_upload
from funmagic.sessions.viewer import Viewer


def start_upload(session: Session, viewer: Viewer, file: DescribedFile) -> dict[str, Any]:
    """A ticket for the photo that a run is to work on."""
    purpose = UploadPurpose.TOOL_INPUT
    upload = create_upload(session, viewer, filename=file.name, mime=file.type, size=file.size, purpose=purpose)
    return upload_ticket(upload)


def upload_ticket(upload: Upload) -> dict[str, Any]:
    """The signed request as pickers of photos take it."""
    request = upload.request
    return {"id": upload.asset_id, "url": request.url, "method": request.method, "headers": request.headers}
