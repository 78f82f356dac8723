"""What a person does with a run: from the chosen photo to the result; tool pages mix this in."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from funmagic.catalogue.service import get_tool
from funmagic.core.db import read, transact
from funmagic.core.errors import FunMagicError
from funmagic.credits.errors import InsufficientCredits
from funmagic.credits.service import get_balance
from funmagic.library.described_file import read_description
from funmagic.library.errors import ImageTooLarge, PhotoTooSmall, UnsupportedFile
from funmagic.library.service import save_asset
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SignInDialogState
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.stage import StageState
from funmagic.site.runner.uploads import start_upload
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.tabs.callers import current_viewer, require_user
from funmagic.tasks import service
from funmagic.tasks.submit import Submission, submit_task

# With these another photo is what helps.
USELESS_PHOTO = (UnsupportedFile, ImageTooLarge, PhotoTooSmall)


class RunState(StageState, mixin=True):
    """One run of one tool in one tab: whatever a button of its page does."""

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
        if self.phase in (Phase.CHOOSING, Phase.UPLOADING):
            self._drop_photo()

    @rx.event
    async def start_run(self) -> None:
        """Hand the browser a signed address for the photo; a visitor is asked to sign in first."""
        if self.phase != Phase.CHOOSING or self._photo is None or not self._is_ready():
            return
        viewer = await current_viewer(self)
        if viewer is None:
            (await self.get_state(SignInDialogState))._open()  # noqa: SLF001 - a helper, kept from being an endpoint
            return
        if not await self._can_pay(viewer, self.price):
            return
        try:
            self.ticket = await transact(start_upload, viewer, self._photo)
        except TooManyRequests:
            raise
        except FunMagicError as error:
            self.notice = error.notice
            return
        self.notice = ""
        self.phase = Phase.UPLOADING

    @rx.event
    async def fail_upload(self, asset_id: str, reason: str) -> None:
        """The upload broke off; the photo stays, and can be sent again."""
        if not self._is_uploading(asset_id):
            return
        self.phase = Phase.CHOOSING
        if reason == "rejected":
            self.ticket = None

    @rx.event
    async def cancel_upload(self, asset_id: str) -> None:
        """The person stopped the upload."""
        if self._is_uploading(asset_id):
            self.ticket = None
            self.phase = Phase.CHOOSING

    @rx.event
    async def finish_upload(self, asset_id: str) -> AsyncGenerator[Any, None]:
        """The photo has arrived: start the run. The asset's id keeps a repeated message from starting another."""
        viewer = await require_user(self)
        if not self._is_uploading(asset_id):
            return
        self.phase = Phase.SUBMITTING
        submission = Submission(
            self._slug,
            f"page:{asset_id}",
            step_id=self._first_step,
            input=self._input_for(asset_id),
            expected_credits=self.price,
        )
        async for event in self._submit(viewer, submission):
            yield event

    @rx.event
    async def retry_run(self) -> EventSpec | None:
        """Try a failed run again; the price is held anew."""
        viewer = await self._require_user()
        if self.phase != Phase.FAILED or self.failure.needs_another_photo:
            return None
        try:
            task = await asyncio.to_thread(service.retry_task, viewer, self._task_id)
        except FunMagicError as error:
            await self._explain(error, viewer, self._price_of_run())
            return None
        return self._go_to(task)

    @rx.event
    async def cancel_run(self) -> None:
        """Stop the run; its credits come back."""
        viewer = await self._require_user()
        await transact(service.cancel_task, viewer, self._task_id)
        await self._show_task(viewer, self._task_id)

    @rx.event
    async def save_result(self) -> None:
        """Keep the result among the viewer's own files."""
        viewer = await self._require_user()
        if self.result.id:
            await transact(save_asset, viewer, self.result.id)
            self.result = replace(self.result, is_saved=True)

    @rx.event
    async def new_photo(self) -> EventSpec:
        """Clear the stage for another photo."""
        return self._leave_stage()

    def _is_ready(self) -> bool:
        """Whether all else that a run needs besides the photo is chosen."""
        return True

    def _input_for(self, asset_id: str) -> dict[str, Any]:
        """What a run of this photo is asked for with."""
        return {"assetId": asset_id}

    def _price_of_run(self) -> int:
        """What the run on the stage costs when it is done once more."""
        return self.price

    def _is_uploading(self, asset_id: str) -> bool:
        # After a failure the phase is "choosing", and the picker may send the same ticket's file again.
        is_current = self.ticket is not None and self.ticket["id"] == asset_id
        return is_current and self.phase in (Phase.CHOOSING, Phase.UPLOADING)

    async def _require_user(self) -> Viewer:
        """Who presses a button of a run; after a reconnect that may come before `load`."""
        viewer = await require_user(self)
        if self.phase == Phase.LOADING:
            await self._load(viewer)
        return viewer

    async def _submit(self, viewer: Viewer, submission: Submission) -> AsyncGenerator[Any, None]:
        if earlier := await self._find_submitted(viewer):
            yield self._go_to(earlier)
            return
        self.is_starting = True
        self._remember_submission(submission.idempotency_key)
        yield
        try:
            task, _is_new = await asyncio.to_thread(submit_task, viewer, submission)
        except FunMagicError as error:
            self._undo_submit()
            if isinstance(error, USELESS_PHOTO):
                self._refuse_photo()
            await self._explain(error, viewer, submission.expected_credits or 0)
            self._show_tool(await read(get_tool, self._slug, viewer))
        except Exception:
            self._undo_submit()
            yield
            raise
        else:
            yield self._go_to(task)

    async def _explain(self, error: FunMagicError, viewer: Viewer, price: int) -> None:
        """Say why a run was not started; where credits are missing that were there a moment ago, offer more."""
        if not isinstance(error, InsufficientCredits) or await self._can_pay(viewer, price):
            self.notice = error.notice

    async def _can_pay(self, viewer: Viewer, price: int) -> bool:
        """Whether the viewer has that many credits to spend; if not, a dialog offers more."""
        available = (await read(get_balance, viewer)).available
        if available >= price:
            return True
        dialog = await self.get_state(ShortageState)
        await dialog._open(price=price, available=available, return_path=self._own_path())  # noqa: SLF001 - a helper, kept from being an endpoint
        return False
