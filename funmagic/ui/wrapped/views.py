"""Several views in one place, switched in the browser."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class Views(rx.Component):
    """Shows the first child until a button made by `view_button` leads to another; a typed email goes along."""

    library = wrapped_source("views.jsx")
    tag = "Views"

    # What the children are called, in their order.
    names: rx.Var[list[str]]


views = Views.create


def view_button(label: str, name: str, *, is_wide: bool = False) -> rx.Component:
    """What shows the view called so: it looks like a link, or when `is_wide` like a button."""
    look = "button button-secondary button-md button-wide" if is_wide else "link"
    return rx.el.button(label, type="button", class_name=look, custom_attrs={"data-view": name})
