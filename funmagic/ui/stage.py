"""The tool page: a large stage for the image, a panel for words and the action."""

import reflex as rx

from funmagic.ui.feedback import skeleton
from funmagic.ui.logo import spark
from funmagic.ui.props import Node, Text


def tool_stage(
    stage: rx.Component, *panel: Node, action: rx.Component, name: Text = "", below: Node = ""
) -> rx.Component:
    """Stage and panel side by side; on phones stacked, the action stuck to the bottom of the window.

    `name` is what the stage shows, for scripts; `below` follows it in the same column.
    """
    return rx.el.div(
        rx.el.div(stage, below, class_name="stage", custom_attrs={"data-stage": name}),
        rx.el.aside(
            rx.el.div(*panel, class_name="panel-words"),
            rx.el.div(action, class_name="panel-action"),
            class_name="panel",
        ),
        class_name="tool-stage",
    )


def tool_head(title: Text, description: Text, *extra: Node) -> rx.Component:
    """The tool's name (the page's h1) and what it does."""
    return rx.el.div(
        rx.el.h1(title, class_name="tool-stage-title"),
        rx.el.p(description, class_name="tool-stage-text"),
        *extra,
        class_name="tool-head",
    )


def tool_words_skeleton() -> rx.Component:
    """Name, description and strengths before they are known, as large as they will be."""
    return rx.fragment(
        rx.el.div(
            rx.el.span(class_name="skeleton skeleton-stage-title"),
            rx.el.span(class_name="skeleton skeleton-stage-text"),
            class_name="tool-head",
            aria_hidden="true",
        ),
        skeleton("text", count=3),
    )


def feature_list(features: list[str] | rx.Var[list[str]]) -> rx.Component:
    """A tool's strengths, each with a check mark."""
    return rx.el.ul(
        rx.foreach(features, _feature),
        class_name="feature-list",
    )


def stage_frame(*children: Node, class_name: str = "") -> rx.Component:
    """The stage's surface around anything: a result, a viewer, a message."""
    return rx.el.div(*children, class_name=f"stage-frame {class_name}".strip())


def processing_stage(
    image: Text, title: Text, text: Text, bar: rx.Component, *, action: rx.Component | None = None
) -> rx.Component:
    """The user's photo under a travelling light while the work runs, with honest progress."""
    return stage_frame(
        rx.el.div(
            rx.cond(image, rx.el.img(src=image, alt="", class_name="processing-image")),
            rx.el.span(class_name="processing-light", aria_hidden="true"),
            class_name="processing-figure",
        ),
        processing_card(title, text, bar, action=action),
    )


def processing_card(title: Text, text: Text, bar: rx.Component, *, action: rx.Component | None = None) -> rx.Component:
    """The floating card with the running step and its bar of progress; also fits inside `photo_picker`."""
    return rx.el.div(
        rx.el.div(
            spark(18, "processing-spark"),
            rx.el.div(
                rx.el.p(title, class_name="processing-title", aria_live="polite"),
                rx.el.p(text, class_name="processing-text"),
            ),
            *([action] if action else []),
            class_name="processing-row",
        ),
        bar,
        class_name="processing-card",
    )


def cancelled_stage(image: Text, text: Text, *actions: rx.Component) -> rx.Component:
    """The user's photo as it was before a run that they stopped, with the ways on."""
    return stage_frame(
        rx.el.div(
            rx.cond(image, rx.el.img(src=image, alt="", class_name="cancelled-image")), class_name="processing-figure"
        ),
        rx.el.div(
            rx.el.p(text, class_name="processing-title", role="status"),
            rx.el.div(*actions, class_name="actions"),
            class_name="processing-card",
        ),
    )


def panel_rest(*children: Node) -> rx.Component:
    """What goes with the panel's first action, below it; on phones above it, so that it keeps its place at the foot.

    So what follows a run at a price never stands where the run's own button was pressed.
    """
    return rx.el.div(*children, class_name="panel-rest")


def result_bar(*actions: rx.Component) -> rx.Component:
    """The row of things to do with a result, below it."""
    return rx.el.div(*actions, class_name="result-bar")


def _feature(text: rx.Var[str]) -> rx.Component:
    return rx.el.li(rx.icon("check", size=16), rx.el.span(text), class_name="feature-item")
