"""The FunMagic mark: an f whose crossbar is a spark."""

import reflex as rx

from funmagic.ui.props import Text

SPARK = "M12 1.5c.7 6 3.8 9.4 10.5 10.5C15.8 13.1 12.7 16.5 12 22.5 11.3 16.5 8.2 13.1 1.5 12 8.2 10.9 11.3 7.5 12 1.5Z"
STEM = "M22.5 7.2c-5.6-2.2-9.3.6-9.3 6.3V26"
CROSSBAR = "M13.2 8.6c.8 4.9 2.9 7 8.3 7.9-5.4.9-7.5 3-8.3 7.9-.8-4.9-2.9-7-8.3-7.9 5.4-.9 7.5-3 8.3-7.9Z"


def logo(name: Text = "FunMagic") -> rx.Component:
    """The mark with the product's name beside it."""
    return rx.el.span(logo_mark(), rx.el.span(name, class_name="logo-name"), class_name="logo")


def logo_mark(size: int = 34) -> rx.Component:
    """The mark alone, hidden from screen readers."""
    return rx.el.svg(
        rx.el.rect(width="32", height="32", rx="10", class_name="logo-tile"),
        rx.el.path(d=STEM, class_name="logo-stem"),
        rx.el.path(d=CROSSBAR, class_name="logo-spark"),
        view_box="0 0 32 32",
        width=size,
        height=size,
        aria_hidden="true",
        class_name="logo-mark",
    )


def spark(size: int = 16, class_name: str = "") -> rx.Component:
    """The four-pointed star that stands for credits and magic."""
    return rx.el.svg(
        rx.el.path(d=SPARK, fill="currentColor"),
        view_box="0 0 24 24",
        width=size,
        height=size,
        aria_hidden="true",
        class_name=f"spark {class_name}".strip(),
    )
