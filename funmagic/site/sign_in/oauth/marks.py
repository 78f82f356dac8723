"""The providers' marks, drawn small."""

import reflex as rx

from funmagic.models.users import AccountProvider

SIZE = 18
GOOGLE = {
    "#ea4335": (
        "M24 9.5c3.5 0 6.7 1.2 9.2 3.6l6.9-6.9C35.9 2.4 30.5 0 24 0 14.6 0 6.5 5.4 2.6 13.2l8 6.2"
        "c1.8-5.7 7.1-9.9 13.4-9.9z"
    ),
    "#4285f4": "M47 24.6c0-1.6-.2-3.1-.4-4.6H24v9h12.9c-.5 3-2.2 5.5-4.7 7.2l7.7 6c4.5-4.2 7.1-10.4 7.1-17.6z",
    "#fbbc05": "M10.5 28.6c-.5-1.5-.7-3-.7-4.6s.3-3.1.7-4.6l-8-6.2C.9 16.5 0 20.1 0 24s.9 7.5 2.6 10.8l7.9-6.2z",
    "#34a853": (
        "M24 48c6.5 0 11.9-2.1 15.9-5.8l-7.7-6c-2.2 1.5-4.9 2.3-8.2 2.3-6.3 0-11.6-4.2-13.5-9.9l-7.9 6.2"
        "C6.5 42.6 14.6 48 24 48z"
    ),
}
APPLE = (
    "M12.2 6.9c-1 0-2.4-1.1-4-1-2 0-3.9 1.2-4.9 3-2.2 3.7-.6 9.1 1.5 12.1 1 1.4 2.2 3.1 3.8 3 1.5-.1 2.1-1 3.9-1"
    "s2.4 1 4 1c1.6 0 2.7-1.5 3.7-3 1.1-1.7 1.6-3.3 1.6-3.4 0 0-3.2-1.2-3.2-4.9 0-3 2.5-4.5 2.6-4.5"
    "-1.4-2.1-3.6-2.3-4.4-2.4-2-.2-3.7 1.1-4.6 1.1z"
    "M15.5 3.8c.9-1 1.4-2.4 1.3-3.8-1.2.1-2.7.8-3.5 1.8-.8.9-1.5 2.3-1.3 3.7 1.3.1 2.7-.7 3.5-1.7"
)
FACEBOOK = (
    "M24 12a12 12 0 1 0-13.9 11.9v-8.4H7.1V12h3V9.4c0-3 1.8-4.6 4.6-4.6 1.3 0 2.6.2 2.6.2v3h-1.5"
    "c-1.5 0-1.9.9-1.9 1.8V12h3.3l-.5 3.5h-2.8v8.4A12 12 0 0 0 24 12z"
)


def google_mark() -> rx.Component:
    """A G of four colours."""
    return _mark("0 0 48 48", *[rx.el.path(d=d, fill=color) for color, d in GOOGLE.items()])


def apple_mark() -> rx.Component:
    """An apple in the colour of the text."""
    return _mark("0 0 24 24", rx.el.path(d=APPLE, fill="currentColor"))


def facebook_mark() -> rx.Component:
    """An f in a blue disc."""
    return _mark("0 0 24 24", rx.el.path(d=FACEBOOK, fill="#1877f2"))


def _mark(view_box: str, *shapes: rx.Component) -> rx.Component:
    return rx.el.svg(*shapes, view_box=view_box, width=SIZE, height=SIZE, aria_hidden="true", class_name="button-icon")


MARKS = {
    AccountProvider.GOOGLE.value: google_mark,
    AccountProvider.APPLE.value: apple_mark,
    AccountProvider.FACEBOOK.value: facebook_mark,
}
