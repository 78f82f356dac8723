"""The native dialog element, opened and closed by a prop."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class Modal(rx.Component):
    """A `<dialog>` shown with showModal(): focus trap, Esc and an inert page come from the browser."""

    library = wrapped_source("modal.jsx")
    tag = "Modal"

    open: rx.Var[bool]
    close_label: rx.Var[str]
    on_open_change: rx.EventHandler[rx.event.passthrough_event_spec(bool)]


modal = Modal.create
