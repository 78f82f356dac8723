"""The modal dialog: focus stays inside, Esc closes, a sheet from below on phones."""

from typing import Any

import reflex as rx

from funmagic.ui.props import Node, Text
from funmagic.ui.wrapped.modal import modal


def dialog(
    open: rx.Var[bool],  # noqa: A002 - the prop's own name
    on_open_change: Any,
    title: Text,
    description: Text,
    *children: Node,
    close_label: Text,
    id: str = "dialog",  # noqa: A002 - the attribute's own name
) -> rx.Component:
    """A modal dialog that the state opens; Esc, the close button and the backdrop fire `on_open_change(False)`."""
    return modal(
        rx.el.div(
            rx.el.h2(title, id=f"{id}-title", class_name="dialog-title"),
            rx.cond(description, rx.el.p(description, id=f"{id}-text", class_name="dialog-text")),
            class_name="dialog-head",
        ),
        *children,
        id=id,
        open=open,
        on_open_change=on_open_change,
        close_label=close_label,
    )
