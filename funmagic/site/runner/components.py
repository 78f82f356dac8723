"""The stages that every runner shares: choosing a photo, waiting for the result, and a run that failed."""

from collections.abc import Mapping

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.library.errors import PhotoTooSmall
from funmagic.library.photos.types import CHOOSABLE
from funmagic.library.uploads import MEGABYTE, SIZE_LIMITS_MB, UploadPurpose
from funmagic.library.verification import SHORTEST_SIDE
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.run_view import RunCard
from funmagic.site.runner.state import RunState
from funmagic.ui.buttons import Size, Variant, button, link_button, page_link, price_button
from funmagic.ui.feedback import empty_state, error_state, notice, progress_bars, skeleton
from funmagic.ui.props import Text
from funmagic.ui.stage import cancelled_stage, processing_stage, stage_frame
from funmagic.ui.texts.plurals import counted
from funmagic.ui.wrapped.photos.picker import photo_picker

LIMIT_MB = SIZE_LIMITS_MB[UploadPurpose.TOOL_INPUT]
# Opens the browser's own dialog for files, as the drop zone does.
BROWSE = "document.querySelector('.picker-input')?.click()"


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
        accept=list(CHOOSABLE),
        max_bytes=LIMIT_MB * MEGABYTE,
        min_side=SHORTEST_SIDE,
        stash_key=stash_key,
        ticket=state.ticket,
        locked=state.phase == Phase.SUBMITTING,
        refused=state.is_photo_refused,
        texts=_picker_texts(),
        on_choose=state.choose_photo,
        on_remove=state.remove_photo,
        on_uploaded=state.finish_upload,
        on_upload_failed=state.fail_upload,
        on_cancel_upload=state.cancel_upload,
    )


def working_stage(state: type[RunState], *, titles: Mapping[str, str]) -> rx.Component:
    """What the run works on, or the picture so far, with honest progress and a way to stop.

    `titles` say of each step, by its id, what is being done.
    """
    is_processing = state.phase == Phase.PROCESSING
    progress = state.progress
    title = rx.match(progress.current_step, *titles.items(), next(iter(titles.values())))
    count = progress.step_shares.length()
    of_steps = _("Step {number} of {count}: {title}", number=progress.step_number, count=count, title=title)
    full_title = rx.cond(count > 1, of_steps, title)
    shown_title = rx.cond(is_processing, full_title, _("In line"))
    return processing_stage(
        rx.cond(state.partial_image, state.partial_image, state.source_url),
        shown_title,
        rx.cond(
            is_processing,
            _("You can close the page; the run goes on."),
            rx.cond(
                state.wait_line,
                _("{wait}. You can close the page; your run keeps its place.", wait=state.wait_line),
                _("Your run starts in a moment. You can close the page; it keeps its place."),
            ),
        ),
        progress_bars(progress.step_shares, progress.share, shown_title),
        action=button(_("Cancel"), variant="secondary", size="sm", on_click=state.cancel_run),
    )


def failed_stage(state: type[RunState], *, price: rx.Var[int], other_way: rx.Component | None = None) -> rx.Component:
    """What happened, what it means for the credits, and what to do next: a new photo, or the same run where that helps.

    `other_way` leads somewhere else than to a new photo.
    """
    again = price_button(
        _("Try again"),
        price,
        is_priced=state.is_priced,
        variant="secondary",
        size="md",
        busy=state.is_starting,
        on_click=state.retry_run,
    )
    way_out = other_way or new_photo_button(state)
    other_ways = [] if other_way is None else [other_way]
    return rx.cond(
        state.failure.is_cancelled,
        cancelled_stage(state.source_url, state.failure.text, way_out, again),
        stage_frame(
            rx.cond(
                state.failure.needs_another_photo,
                empty_state(
                    _("Please choose another photo"),
                    state.failure.text,
                    rx.fragment(new_photo_button(state, variant="primary"), *other_ways),
                    icon="image-off",
                ),
                error_state(_("That did not work"), state.failure.text, [way_out, again]),
            )
        ),
    )


def gone_stage(state: type[RunState]) -> rx.Component:
    """A run that completed, and whose files are no longer there."""
    return stage_frame(
        empty_state(
            _("This result is no longer here"),
            _("It was deleted, or it was not saved and is older than 30 days."),
            new_photo_button(state),
        )
    )


def new_photo_button(state: type[RunState], *, variant: Variant = "secondary") -> rx.Component:
    """Clears the stage for another photo."""
    return button(_("New photo"), variant=variant, icon="image-plus", on_click=state.new_photo)


def start_button(state: type[RunState], label: Text, *, busy: rx.Var[bool]) -> rx.Component:
    """Starts the run for the price it names; after a photo that is of no use, it asks for another one."""
    return rx.cond(
        state.is_photo_refused,
        button(_("New photo"), size="lg", icon="image-plus", on_click=rx.call_script(BROWSE)),
        price_button(
            label,
            state.price,
            is_priced=state.is_priced,
            busy=busy,
            disabled=~state.has_photo,
            on_click=state.start_run,
        ),
    )


def download_button(state: type[RunState], label: Text, *, size: Size = "md") -> rx.Component:
    """Downloads the result under its own name."""
    return link_button(
        label, state.result.download_url, size=size, icon="download", reload_document=True, download=True
    )


def save_button(state: type[RunState]) -> rx.Component:
    """Keeps the result among the viewer's own files, once."""
    return rx.cond(
        state.result.is_saved,
        button(_("Saved"), variant="secondary", icon="check", disabled=True),
        button(_("Save to assets"), variant="secondary", icon="bookmark", on_click=state.save_result),
    )


def result_facts(state: type[RunState]) -> rx.Component:
    """How large the result is, and how it was made where that matters."""
    return rx.el.span(
        rx.el.span(state.result.facts),
        rx.cond(state.result.quality, rx.el.span(state.result.quality, class_name="result-quality")),
        class_name="result-facts",
    )


def notice_line(state: type[RunState]) -> rx.Component:
    """Why the last press of a button led nowhere."""
    return rx.cond(state.notice, notice("danger", state.notice))


def pause_line(state: type[RunState]) -> rx.Component:
    """A word when progress cannot be shown live."""
    return rx.cond(state.is_paused, notice("info", _("Live updates are paused. Your run goes on.")))


def wait_line(state: type[RunState]) -> rx.Component:
    """How long somebody would wait who pressed the button now."""
    return rx.cond(
        state.wait_line,
        rx.el.p(rx.icon("clock", size=14), rx.el.span(state.wait_line), class_name="wait-line"),
    )


def low_balance_hint(state: type[RunState]) -> rx.Component:
    """Said before the click: the viewer has too few credits for the dearest thing to do here."""
    what = rx.cond(state.dearest_title, state.dearest_title, _("a run"))
    return rx.cond(
        SessionState.is_signed_in & (SessionState.available < state.dearest_price),
        rx.el.p(
            rx.icon("coins", size=16),
            rx.el.span(
                counted(
                    "You have {number} credit; {what} costs {price}.",
                    "You have {number} credits; {what} costs {price}.",
                    SessionState.available,
                    what=what,
                    price=state.dearest_price,
                ),
                " ",
                page_link(_("Buy credits"), href=state.shop_url, class_name="link"),
            ),
            class_name="low-balance",
        ),
    )


def runs_strip(state: type[RunState]) -> rx.Component:
    """Runs that go on, the last results, and a way to start another one beside them; nothing while there are none."""
    return rx.cond(
        state.runs.length() > 0,
        rx.el.section(
            rx.el.h2(_("Your runs"), id="runs-title", class_name="runs-title"),
            rx.el.ul(
                rx.cond(state.phase != Phase.CHOOSING, rx.el.li(_new_run(state))),
                rx.foreach(state.runs, _card),
                class_name="runs-row",
            ),
            aria_labelledby="runs-title",
            class_name="runs",
        ),
    )


def _new_run(state: type[RunState]) -> rx.Component:
    return rx.el.button(
        rx.icon("plus", size=22),
        type="button",
        aria_label=_("Start another run"),
        title=_("Start another run"),
        on_click=state.new_photo,
        class_name="run run-new",
    )


def _card(run: rx.Var[RunCard]) -> rx.Component:
    picture = rx.cond(
        run.image,
        rx.el.img(src=run.image, alt="", loading="lazy", class_name="run-image"),
        rx.icon("box", size=22),
    )
    return rx.el.li(
        page_link(
            rx.cond(run.is_active, rx.el.span(class_name="spinner run-spinner", aria_hidden="true"), picture),
            href=run.href,
            aria_label=run.label,
            title=run.label,
            aria_current=rx.cond(run.is_shown, "page", "false"),
            class_name=rx.cond(run.is_active, "run run-active", "run"),
        ),
    )


def _sample(name: str, title: str) -> dict[str, str]:
    return {"title": title, "url": f"/samples/{name}.jpg", "thumb": f"/samples/{name}_thumb.webp"}


def _picker_texts() -> dict[str, str]:
    return {
        "title": _("Drop a photo here"),
        "hint": _("Drag one in, paste it from the clipboard, or pick a file."),
        "browse": _("Choose a photo"),
        "drop_here": _("Let go to use it"),
        "limits": _("PNG, JPEG, WebP, GIF or HEIC, up to {limit} MB", limit=LIMIT_MB),
        "samples_title": _("No photo at hand? Try one of these"),
        "change": _("Change photo"),
        "remove": _("Remove photo"),
        "preview_alt": _("Your photo"),
        "uploading": _("Uploading"),
        "cancel": _("Cancel"),
        "upload_failed": _("The upload did not get through. Nothing was charged."),
        "upload_rejected": _("The upload was refused. Please press the button again. Nothing was charged."),
        "retry": _("Try again"),
        "undrawn": _("Your browser cannot show HEIC photos. We can work with it all the same."),
        "wrong_type": _("This kind of file does not work. Please choose a PNG, JPEG, WebP, GIF or HEIC."),
        "too_small": _(PhotoTooSmall.text, side=SHORTEST_SIDE),
        "too_large": _("This file is larger than {limit} MB. Please choose a smaller one.", limit=LIMIT_MB),
        "unreadable": _("This file does not open as a photo. Please choose another one."),
    }
