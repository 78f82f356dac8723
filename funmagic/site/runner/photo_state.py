"""The photo on the stage: chosen in the browser, uploaded straight to the store once the button is pressed."""

from typing import Any

import reflex as rx

from funmagic.core.db import read, transact
from funmagic.core.errors import FunMagicError
from funmagic.credits.service import get_balance
from funmagic.library.described_file import DescribedFile, read_description
from funmagic.library.uploads import Upload, UploadPurpose, create_upload
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SignInDialogState
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.tabs.callers import current_viewer


class PhotoState(rx.State, mixin=True):
    """The photo of one tab, up to its arrival in the store.

    `phase` is what the stage shows: loading, choosing, uploading, submitting, or the status of the run that follows.
    """

    phase: str = "loading"
    price: int = 0
    has_photo: bool = False
    # The photo that was sent last is of no use, whatever is done with it.
    is_photo_refused: bool = False
    ticket: dict[str, Any] | None = None
    notice: str = ""

    _photo: DescribedFile | None = None

    @rx.event
    async def choose_photo(self, info: dict[str, Any]) -> None:
        """A photo lies on the stage; nothing is uploaded yet."""
        self._photo = read_description(info)
        self.has_photo = True
        self.is_photo_refused = False
        self.notice = ""

    @rx.event
    async def remove_photo(self) -> None:
        """The photo is gone from the stage."""
        if self.phase in ("choosing", "uploading"):
            self._clear_photo()

    @rx.event
    async def start_run(self) -> None:
        """Hand the browser a signed address for the photo; a visitor is asked to sign in first."""
        if self.phase != "choosing" or self._photo is None or not self._is_ready():
            return
        viewer = await current_viewer(self)
        if viewer is None:
            (await self.get_state(SignInDialogState))._open()  # noqa: SLF001 - a helper, kept from being an endpoint
            return
        if not await self._can_pay(viewer, self.price):
            return
        try:
            upload = await transact(
                create_upload,
                viewer,
                filename=self._photo.name,
                mime=self._photo.type,
                size=self._photo.size,
                purpose=UploadPurpose.TOOL_INPUT,
            )
        except TooManyRequests:
            raise
        except FunMagicError as error:
            self.notice = error.notice
            return
        self.ticket = upload_ticket(upload)
        self.notice = ""
        self.phase = "uploading"

    @rx.event
    async def fail_upload(self, asset_id: str, reason: str) -> None:
        """The upload broke off; the photo stays, and can be sent again."""
        if not self._is_uploading(asset_id):
            return
        self.phase = "choosing"
        if reason == "rejected":
            self.ticket = None

    @rx.event
    async def cancel_upload(self, asset_id: str) -> None:
        """The person stopped the upload."""
        if self._is_uploading(asset_id):
            self.ticket = None
            self.phase = "choosing"

    def _is_ready(self) -> bool:
        """Whether all else that a run needs besides the photo is chosen."""
        return True

    async def _can_pay(self, viewer: Viewer, price: int) -> bool:
        """Whether the viewer has that many credits to spend; if not, a dialog offers more."""
        available = (await read(get_balance, viewer)).available
        if available >= price:
            return True
        dialog = await self.get_state(ShortageState)
        await dialog._open(price=price, available=available, return_path=self._own_path())  # noqa: SLF001 - a helper, kept from being an endpoint
        return False

    def _own_path(self) -> str:
        """Where what is on this stage is found again."""
        raise NotImplementedError

    def _is_uploading(self, asset_id: str) -> bool:
        # After a failure the phase is "choosing", and the picker may send the same ticket's file again.
        is_current = self.ticket is not None and self.ticket["id"] == asset_id
        return is_current and self.phase in ("choosing", "uploading")

    def _clear_photo(self) -> None:
        self.phase, self.has_photo, self.ticket, self.notice, self._photo = "choosing", False, None, "", None
        self.is_photo_refused = False

    def _refuse_photo(self) -> None:
        """Take the photo off the stage; what was wrong with it is said in the notice."""
        self.has_photo = False
        self._photo = None
        self.is_photo_refused = True


def upload_ticket(upload: Upload) -> dict[str, Any]:
    """The signed request as pickers of photos take it."""
    request = upload.request
    return {"id": upload.asset_id, "url": request.url, "method": request.method, "headers": request.headers}
