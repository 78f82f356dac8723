"""Choices of one thing out of a few: radio buttons in other clothes, and the plain select."""

from typing import Any

import reflex as rx

from funmagic.ui.props import Flag, Node, Text


def choice_group(legend: Text, *choices: Node, class_name: str = "") -> rx.Component:
    """A named group of choices, of which one is in force."""
    return rx.el.fieldset(
        rx.el.legend(legend, class_name="label"),
        rx.el.div(*choices, class_name=f"choices-row {class_name}".strip()),
        class_name="choices",
    )


def theme_choice(theme: str, label: Text, *, is_chosen: Flag, on_choose: Any) -> rx.Component:
    """A theme, shown as a small page."""
    return rx.el.label(
        _radio("theme", theme, is_chosen, on_choose),
        rx.el.span(
            rx.el.span(class_name=f"theme-picture theme-picture-{theme}", aria_hidden="true"),
            label,
            class_name="choice-theme",
        ),
        class_name="choice",
    )


def swatch_choice(accent: str, label: Text, *, is_chosen: Flag, on_choose: Any) -> rx.Component:
    """An accent colour, shown as itself; its name is for the tooltip and for screen readers."""
    return rx.el.label(
        _radio("accent", accent, is_chosen, on_choose),
        rx.el.span(
            rx.icon("check", size=20, stroke_width=2.5),
            class_name="swatch",
            aria_hidden="true",
            custom_attrs={"data-accent": accent},
        ),
        rx.el.span(label, class_name="visually-hidden"),
        title=label,
        class_name="choice",
    )


def picture_choice(
    name: str, value: Text, label: Text, image: Text, *, is_chosen: Flag, on_choose: Any
) -> rx.Component:
    """One of a few pictures, with its name below; choices of one group share `name`.

    The browser marks it as it is pressed, without waiting for anybody; `is_chosen` is how it begins.
    """
    return rx.el.label(
        rx.el.input(
            type="radio",
            name=name,
            value=value,
            default_checked=is_chosen,
            on_change=on_choose,
            class_name="choice-input",
        ),
        rx.el.span(
            rx.el.span(
                rx.el.img(src=image, alt="", class_name="choice-image"),
                rx.el.span(rx.icon("check", size=18, stroke_width=2.5), class_name="choice-mark", aria_hidden="true"),
                class_name="choice-figure",
            ),
            rx.el.span(label, class_name="choice-label"),
            class_name="choice-picture",
        ),
        class_name="choice",
    )


def select_field(label: Text, options: list[tuple[str, str]], *, id: str, **props: Any) -> rx.Component:  # noqa: A002 - the attribute's own name
    """A choice out of a list of (value, text)."""
    return rx.el.div(
        rx.el.label(label, html_for=id, class_name="label"),
        rx.el.select(
            *[rx.el.option(text, value=value) for value, text in options], id=id, class_name="input select", **props
        ),
        class_name="field",
    )


def _radio(name: str, value: str, is_chosen: Flag, on_choose: Any) -> rx.Component:
    return rx.el.input(
        type="radio", name=name, value=value, checked=is_chosen, on_change=on_choose, class_name="choice-input"
    )
