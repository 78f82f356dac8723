"""The live connection as people notice it: missing, away for a while, back."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class Connection(rx.Component):
    """Says when a page cannot connect, and has presses and links wait while the connection is away."""

    library = wrapped_source("page/connection.jsx")
    tag = "Connection"

    # {title, text, reload}: it cannot connect; {waiting}: on a pressed button; {opens}: of a pressed link.
    texts: rx.Var[dict[str, str]]


connection = Connection.create
