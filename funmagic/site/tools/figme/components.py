"""FigMe's own stages: the styles, the figure, and the figure in 3D."""

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.site.runner.components import (
    choosing_stage,
    failed_stage,
    result_facts,
    save_button,
    working_stage,
)
from funmagic.site.runner.phase import Phase
from funmagic.site.tools.figme.state import FigmeState, StyleChoice
from funmagic.site.tools.figme.tool import FIGURE, KIND, MODEL
from funmagic.ui.buttons import button, link_button
from funmagic.ui.choices import choice_group, picture_choice
from funmagic.ui.stage import result_bar, stage_frame
from funmagic.ui.wrapped.viewers.model_viewer import model_viewer
from funmagic.ui.wrapped.viewers.texts import model_viewer_texts

State = FigmeState


def styles_stage() -> rx.Component:
    """The styles to choose from."""
    return stage_frame(
        choice_group(_("Pick a style"), rx.foreach(State.styles, _style_tile), class_name="choices-grid"),
        class_name="styles",
    )


def photo_stage() -> rx.Component:
    """The chosen style, which can be changed, and the photo."""
    return rx.el.div(
        rx.el.div(
            rx.el.img(src=State.style.image, alt="", class_name="style-chip-image"),
            rx.el.p(
                rx.el.span(_("Style"), class_name="style-chip-label"),
                rx.el.span(State.style.title, class_name="style-chip-title"),
                class_name="style-chip-words",
            ),
            button(
                _("Change style"),
                variant="secondary",
                size="sm",
                icon="palette",
                disabled=State.phase != Phase.CHOOSING,
                on_click=State.change_style,
            ),
            class_name="style-chip",
        ),
        choosing_stage(State, stash_key=KIND.name),
        class_name="photo-stage",
    )


def figure_working_stage() -> rx.Component:
    """The figure as it comes."""
    return working_stage(State, titles={FIGURE.id: _("Making your figure")})


def model_working_stage() -> rx.Component:
    """The figure while it becomes a 3D model."""
    return working_stage(State, titles={MODEL.id: _("Giving your figure its depth")})


def figure_stage() -> rx.Component:
    """The figure, large."""
    return stage_frame(
        rx.el.div(
            rx.el.img(src=State.result.url, alt=_("Your figure"), class_name="result-image"),
            class_name="result-canvas",
        ),
        result_bar(
            save_button(State),
            _start_over(),
            result_facts(State),
        ),
    )


def model_stage() -> rx.Component:
    """The figure in 3D."""
    return stage_frame(
        model_viewer(
            src=State.result.url,
            poster=State.result.preview_url,
            texts=model_viewer_texts(_("Your figure in 3D")),
            filename=State.result.filename,
            download_url=State.result.download_url,
        ),
        result_bar(
            save_button(State),
            _figure_link(),
            _start_over(),
            result_facts(State),
        ),
    )


def figure_failed_stage() -> rx.Component:
    """No figure: try again, or start over."""
    return failed_stage(State, price=State.price, other_way=_start_over())


def model_failed_stage() -> rx.Component:
    """No 3D model; the figure is still there."""
    return failed_stage(State, price=State.model_price, other_way=_figure_link())


def _figure_link() -> rx.Component:
    """The way from the 3D model back to the figure it was made of, if that is still there."""
    return rx.cond(
        State.parent_url,
        link_button(_("Back to the figure"), State.parent_url, variant="secondary", icon="arrow-left"),
        _start_over(),
    )


def _start_over() -> rx.Component:
    return button(_("Start over"), variant="secondary", icon="rotate-ccw", on_click=State.start_over)


def _style_tile(style: rx.Var[StyleChoice]) -> rx.Component:
    return picture_choice(
        "style",
        style.id,
        style.title,
        style.image,
        is_chosen=State.style_id == style.id,
        on_choose=State.choose_style(style.id),
    )
