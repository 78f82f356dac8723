"""The viewer's picture: uploaded straight to the store, then looked at, cropped and kept."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from funmagic.core.db import transact
from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import _
from funmagic.library.described_file import read_description
from funmagic.library.uploads import UploadPurpose, create_upload
from funmagic.profile.avatars import remove_avatar, use_avatar
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.uploads import upload_ticket
from funmagic.tabs.callers import require_user


class AvatarState(rx.State):
    """A new picture on its way; the one in use, every page knows from SessionState."""

    ticket: dict[str, Any] | None = None
    is_saving: bool = False

    @rx.event
    async def start_upload(self, info: dict[str, Any]) -> None:
        """Hand the browser a signed address for the picture it described."""
        viewer = await require_user(self)
        file = read_description(info)
        upload = await transact(
            create_upload, viewer, filename=file.name, mime=file.type, size=file.size, purpose=UploadPurpose.AVATAR
        )
        self.ticket = upload_ticket(upload)

    @rx.event
    async def finish_upload(self, asset_id: str) -> AsyncGenerator[Any, None]:
        """The file has arrived: make it the viewer's picture."""
        viewer = await require_user(self)
        if self.ticket is None or self.ticket["id"] != asset_id:
            return
        self.is_saving = True
        yield
        told = rx.toast.success(_("Your picture is saved."))
        try:
            await asyncio.to_thread(use_avatar, viewer, asset_id)
        except FunMagicError as error:
            told = rx.toast.error(error.message)
        self.is_saving = False
        self.ticket = None
        yield SessionState.load
        yield told

    @rx.event
    async def drop_upload(self, _asset_id: str, _reason: str = "") -> None:
        """It broke off, or its owner thought better of it."""
        await require_user(self)
        self.ticket = None

    @rx.event
    async def remove_picture(self) -> AsyncGenerator[Any, None]:
        """Show the viewer's initial again."""
        viewer = await require_user(self)
        await transact(remove_avatar, viewer)
        yield SessionState.load
        yield rx.toast.success(_("Your picture is removed."))
