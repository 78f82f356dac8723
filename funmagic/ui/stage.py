"""The tool page: a large stage for the image, a panel for words and the action."""

import reflex as rx

from funmagic.ui.feedback import progress_bar, skeleton
from funmagic.ui.logo import spark
from funmagic.ui.props import Node, Number, Text


def tool_stage(stage: rx.Component, *panel: Node, action: rx.Component) -> rx.Component:
    """Stage and panel side by side; on phones stacked, the action stuck to the bottom of the window."""
    return rx.el.div(
        rx.el.div(stage, class_name="stage"),
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


def stage_frame(*children: Node) -> rx.Component:
    """The stage's surface around anything: a result, a viewer, a message."""
    return rx.el.div(*children, class_name="stage-frame")


def processing_stage(
    image: Text, title: Text, text: Text, value: Number | None, *, action: rx.Component | None = None
) -> rx.Component:
    """The user's photo under a travelling light while the work runs, with honest progress."""
    return stage_frame(
        rx.el.div(
            rx.cond(image, rx.el.img(src=image, alt="", class_name="processing-image")),
            rx.el.span(class_name="processing-light", aria_hidden="true"),
            class_name="processing-figure",
        ),
        processing_card(title, text, value, action=action),
    )


def processing_card(
    title: Text, text: Text, value: Number | None, *, action: rx.Component | None = None
) -> rx.Component:
    """The floating card with the running step and its progress; also fits inside `photo_picker`."""
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
        progress_bar(value, title),
        class_name="processing-card",
    )


def result_bar(*actions: rx.Component) -> rx.Component:
    """The row of things to do with a result, below it."""
    return rx.el.div(*actions, class_name="result-bar")


def _feature(text: rx.Var[str]) -> rx.Component:
    return rx.el.li(rx.icon("check", size=16), rx.el.span(text), class_name="feature-item")
