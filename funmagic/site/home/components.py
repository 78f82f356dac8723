"""The home page's first screen."""

import reflex as rx

from funmagic.ui.logo import spark
from funmagic.ui.props import Text


def hero(
    title: Text,
    text: Text,
    actions: list[rx.Component],
    figure: rx.Component,
    *,
    eyebrow: Text = "",
    note: Text = "",
) -> rx.Component:
    """A big promise, the ways in, and the proof beside them (`figure`, best a `before_after`)."""
    return rx.el.section(
        rx.el.div(
            _words(title, text, actions, eyebrow, note),
            rx.el.div(
                spark(56, "hero-spark hero-spark-big"),
                spark(26, "hero-spark hero-spark-small"),
                rx.el.div(figure, class_name="hero-frame"),
                class_name="hero-figure",
            ),
            class_name="container hero-grid",
        ),
        class_name="hero",
    )


def _words(title: Text, text: Text, actions: list[rx.Component], eyebrow: Text, note: Text) -> rx.Component:
    return rx.el.div(
        rx.cond(eyebrow, rx.el.p(spark(14), eyebrow, class_name="eyebrow")),
        rx.el.h1(title, class_name="hero-title"),
        rx.el.p(text, class_name="hero-text"),
        rx.el.div(*actions, class_name="actions hero-actions"),
        rx.cond(note, rx.el.p(note, class_name="hero-note")),
        class_name="hero-words",
    )
