"""Forms and buttons that speak JSON to our own HTTP API, for what a websocket cannot do: set cookies."""

import reflex as rx

SOURCE = rx.asset("fetch_form.jsx", shared=True).importable_path


class FetchForm(rx.Component):
    """A real form that sends its fields as JSON and leaves for `next_url` when the API agrees."""

    library = SOURCE
    tag = "FetchForm"

    action: rx.Var[str]
    # Where to go on success; empty means the current address, loaded anew.
    next_url: rx.Var[str]
    # Error code → text, "network" for no answer, "default" for the rest.
    messages: rx.Var[dict[str, str]]


class FetchButton(rx.Component):
    """A button that calls the API once and leaves for `next_url`: signing out, for example."""

    library = SOURCE
    tag = "FetchButton"

    label: rx.Var[str]
    action: rx.Var[str]
    next_url: rx.Var[str]
    messages: rx.Var[dict[str, str]]


fetch_form = FetchForm.create
fetch_button = FetchButton.create
