"""The stages that every runner shares: choosing a photo, waiting for the result, and a run that failed."""

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.library.images import MIME_BY_FORMAT
from funmagic.library.uploads import MEGABYTE, SIZE_LIMITS_MB, UploadPurpose
from funmagic.tasks.state import RunState
from funmagic.ui.buttons import button
from funmagic.ui.feedback import error_state, notice, skeleton
from funmagic.ui.stage import processing_stage, stage_frame
from funmagic.ui.wrapped.photo_picker import photo_picker

LIMIT_MB = SIZE_LIMITS_MB[UploadPurpose.TOOL_INPUT]


def loading_stage() -> rx.Component:
    """The stage before we know what to show on it."""
    return stage_frame(skeleton("stage"))


def choosing_stage(state: type[RunState], *, stash_key: str) -> rx.Component:
    """Pick a photo, look at it, and watch it being uploaded; the photo outlives signing in under `stash_key`."""
    return photo_picker(
        samples=[
            _sample("astronaut", _("Astronaut")),
            _sample("chelsea", _("Cat")),
            _sample("coffee", _("Coffee")),
        ],
        accept=list(MIME_BY_FORMAT.values()),
        max_bytes=LIMIT_MB * MEGABYTE,
        stash_key=stash_key,
        ticket=state.ticket,
        locked=state.phase == "submitting",
        texts=_picker_texts(),
        on_choose=state.choose_photo,
        on_remove=state.remove_photo,
        on_uploaded=state.finish_upload,
        on_upload_failed=state.fail_upload,
        on_cancel_upload=state.cancel_upload,
    )


def working_stage(state: type[RunState], *, title: str) -> rx.Component:
    """The photo while the run waits and works, with honest progress and a way to stop."""
    is_processing = state.phase == "processing"
    return processing_stage(
        state.before_url,
        rx.cond(is_processing, title, _("In line")),
        rx.cond(
            is_processing,
            _("This takes a few seconds. You can close the page; the run goes on."),
            _("Your run starts in a moment. You can close the page; it keeps its place."),
        ),
        state.progress,
        action=button(_("Cancel"), variant="secondary", size="sm", on_click=state.cancel_run),
    )


def failed_stage(state: type[RunState]) -> rx.Component:
    """What happened, what it means for the credits, and what to do next."""
    return stage_frame(
        error_state(
            _("That did not work"),
            rx.fragment(state.error_message, " ", _("Nothing was charged.")),
            [
                button(_("Try again"), icon="rotate-ccw", on_click=state.retry_run),
                button(_("New photo"), variant="secondary", icon="image-plus", on_click=state.new_photo),
            ],
        )
    )


def notice_line(state: type[RunState]) -> rx.Component:
    """Why the last press of a button led nowhere."""
    return rx.cond(state.notice, notice("danger", state.notice))


def pause_line(state: type[RunState]) -> rx.Component:
    """A word when progress cannot be shown live."""
    return rx.cond(state.is_paused, notice("info", _("Live updates are paused. Your run goes on.")))


def _sample(name: str, title: str) -> dict[str, str]:
    return {"title": title, "url": f"/samples/{name}.jpg", "thumb": f"/samples/{name}_thumb.webp"}


def _picker_texts() -> dict[str, str]:
    return {
        "title": _("Drop a photo here"),
        "hint": _("Drag one in, paste it from the clipboard, or pick a file."),
        "browse": _("Choose a photo"),
        "drop_here": _("Let go to use it"),
        "limits": _("PNG, JPEG, WebP or GIF, up to {limit} MB", limit=LIMIT_MB),
        "samples_title": _("No photo at hand? Try one of these"),
        "change": _("Change photo"),
        "remove": _("Remove photo"),
        "preview_alt": _("Your photo"),
        "uploading": _("Uploading"),
        "cancel": _("Cancel"),
        "upload_failed": _("The upload did not get through. Nothing was charged."),
        "upload_rejected": _("The upload was refused. Please press the button again. Nothing was charged."),
        "retry": _("Try again"),
        "wrong_type": _("This kind of file does not work. Please choose a PNG, JPEG, WebP or GIF."),
        "too_large": _("This file is larger than {limit} MB. Please choose a smaller one.", limit=LIMIT_MB),
        "unreadable": _("This file does not open as a photo. Please choose another one."),
    }
