"""Background Remove: what it is, and the runner in it."""

import reflex as rx

from funmagic.accounts.components import sign_in_dialog
from funmagic.i18n.translate import _
from funmagic.site import site_page
from funmagic.tasks.components import (
    choosing_stage,
    failed_stage,
    loading_stage,
    notice_line,
    pause_line,
    working_stage,
)
from funmagic.tools.background_remove.state import SLUG, BackgroundRemoveState
from funmagic.ui.buttons import button, link_button, price_button
from funmagic.ui.layout import container
from funmagic.ui.stage import (
    feature_list,
    result_bar,
    stage_frame,
    tool_head,
    tool_stage,
    tool_words_skeleton,
)
from funmagic.ui.wrapped.before_after import before_after

State = BackgroundRemoveState


def background_remove_page() -> rx.Component:
    """The stage with the photo on it, and beside it the words and the button that names its price."""
    return site_page(
        container(
            tool_stage(
                rx.match(
                    State.phase,
                    ("loading", loading_stage()),
                    ("completed", _result_stage()),
                    ("failed", failed_stage(State)),
                    ("pending", _working_stage()),
                    ("queued", _working_stage()),
                    ("processing", _working_stage()),
                    choosing_stage(State, stash_key=SLUG),
                ),
                rx.cond(
                    State.title,
                    rx.fragment(tool_head(State.title, State.description), feature_list(State.features)),
                    tool_words_skeleton(),
                ),
                action=_action(),
            ),
        ),
        sign_in_dialog(),
    )


def _working_stage() -> rx.Component:
    return working_stage(State, title=_("Removing the background"))


def _result_stage() -> rx.Component:
    return stage_frame(
        before_after(
            before=State.before_url,
            after=State.after_url,
            before_label=_("Before"),
            after_label=_("After"),
            slider_label=_("Compare before and after"),
        ),
        result_bar(
            link_button(_("Download PNG"), State.download_url, icon="download", reload_document=True),
            button(_("New photo"), variant="secondary", icon="image-plus", on_click=State.new_photo),
            rx.el.span(State.result_facts, class_name="result-facts"),
        ),
    )


def _action() -> rx.Component:
    price = _("{credits} credits", credits=State.price)
    return rx.fragment(
        notice_line(State),
        pause_line(State),
        rx.match(
            State.phase,
            ("completed", price_button(_("Run again"), price, on_click=State.run_again)),
            ("failed", rx.fragment()),
            ("pending", rx.fragment()),
            ("queued", rx.fragment()),
            ("processing", rx.fragment()),
            price_button(
                _("Remove background"),
                price,
                busy=(State.phase != "choosing") & (State.phase != "loading"),
                disabled=~State.has_photo,
                on_click=State.start_run,
            ),
        ),
        rx.el.p(_("Your photo stays private. You pay only if it works."), class_name="fineprint"),
    )
