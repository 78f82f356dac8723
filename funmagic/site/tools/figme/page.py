"""FigMe: what it is, and the runner in it."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import N_, _
from funmagic.site.frame.page import site_page
from funmagic.site.runner.components import (
    download_button,
    gone_stage,
    loading_stage,
    low_balance_hint,
    notice_line,
    pause_line,
    runs_strip,
    start_button,
    wait_line,
)
from funmagic.site.runner.phase import Phase
from funmagic.site.shop.components import shortage_dialog
from funmagic.site.sign_in.components import sign_in_dialog
from funmagic.site.tools.figme.components import (
    figure_failed_stage,
    figure_stage,
    figure_working_stage,
    model_failed_stage,
    model_stage,
    model_working_stage,
    photo_stage,
    styles_stage,
)
from funmagic.site.tools.figme.state import FigmeState
from funmagic.site.tools.figme.tool import KIND
from funmagic.ui.buttons import button, link_button, price_button
from funmagic.ui.layout import container
from funmagic.ui.page import Page
from funmagic.ui.stage import feature_list, panel_rest, tool_head, tool_stage, tool_words_skeleton

State = FigmeState


def figme_page() -> rx.Component:
    """The stage with the style, the photo or the figure on it, and beside it the words and the next button."""
    return site_page(
        container(
            tool_stage(
                rx.match(
                    State.stage,
                    ("loading", loading_stage()),
                    ("select-style", styles_stage()),
                    ("generating-image", figure_working_stage()),
                    ("image-result", rx.cond(State.result.id, figure_stage(), gone_stage(State))),
                    ("image-failed", figure_failed_stage()),
                    ("generating-3d", model_working_stage()),
                    ("3d-result", rx.cond(State.result.id, model_stage(), gone_stage(State))),
                    ("3d-failed", model_failed_stage()),
                    photo_stage(),
                ),
                rx.cond(
                    State.title,
                    rx.fragment(tool_head(State.title, State.description), feature_list(State.features)),
                    tool_words_skeleton(),
                ),
                action=_action(),
                name=State.stage,
                below=runs_strip(State),
            ),
        ),
        sign_in_dialog(),
        shortage_dialog(),
    )


def _action() -> rx.Component:
    return rx.fragment(
        notice_line(State),
        pause_line(State),
        rx.match(
            State.stage,
            ("loading", rx.fragment()),
            ("select-style", rx.fragment(_continue(), low_balance_hint(State))),
            ("upload-image", rx.fragment(_generate(), panel_rest(wait_line(State), low_balance_hint(State)))),
            (
                "image-result",
                _download(_("Download"), panel_rest(_into_3d(), wait_line(State), low_balance_hint(State))),
            ),
            ("3d-result", _download(_("Download GLB"))),
            rx.fragment(),
        ),
        rx.el.p(_("Your photo stays private. You pay only if it works."), class_name="fineprint"),
    )


def _continue() -> rx.Component:
    return button(
        _("Continue"),
        size="lg",
        disabled=State.style_id == "",
        on_click=State.confirm_style,
    )


def _download(label: str, *others: rx.Component) -> rx.Component:
    """Stands where the run was paid for, and costs nothing."""
    return rx.cond(State.result.id, rx.fragment(download_button(State, label, size="lg"), *others))


def _generate() -> rx.Component:
    return start_button(State, _("Generate"), busy=State.phase != Phase.CHOOSING)


def _into_3d() -> rx.Component:
    """Another run, or the one that was started already."""
    return rx.cond(
        State.child_url,
        link_button(
            rx.cond(State.is_child_active, _("See it become 3D"), _("See the 3D model")),
            State.child_url,
            variant="secondary",
            size="lg",
            icon="box",
        ),
        price_button(
            _("Make it 3D"),
            State.model_price,
            is_priced=State.is_priced,
            variant="secondary",
            size="lg",
            busy=State.is_starting,
            on_click=State.make_model,
        ),
    )


PAGE = Page(paths.tool(KIND.name), figme_page, N_("FigMe · FunMagic"), loads=(State.load,))
