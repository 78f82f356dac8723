"""Forms and buttons that speak JSON to our own HTTP API, for what a websocket cannot do: set cookies."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.ui.props import Node
from funmagic.ui.wrapped.source import wrapped_source

SOURCE = wrapped_source("forms/fetch_form.jsx")


class FetchForm(rx.Component):
    """A real form that sends its fields as JSON and leaves for `next_url` when the API agrees."""

    library = SOURCE
    tag = "FetchForm"

    action: rx.Var[str]
    # POST where nothing is said.
    method: rx.Var[str]
    # Where to go on success; empty means the current address, loaded anew.
    next_url: rx.Var[str]
    # Error code → text, "network" for no answer, "default" for the rest.
    messages: rx.Var[dict[str, str]]
    # Error code → {label, href}: the link that helps out of it.
    ways_on: rx.Var[dict[str, dict[str, str]]]
    # Fields that nobody types: "next", "token" (from the address), "browserKey".
    adds: rx.Var[list[str]]
    # Shown on success instead of leaving: {title, text, again?, sentAgain?, back?, label?, href?, inbox?}; the text may
    # name the {email}.
    panel: rx.Var[dict[str, str]]
    # Where the `inbox` of the panel leads; empty hides it.
    inbox_href: rx.Var[str]
    # Leave all the same when the browser is signed in by now.
    asks_session: rx.Var[bool]

    # What counts down for whoever sent it too often; names the {seconds}.
    wait_text: rx.Var[str]

    # Success without leaving: the form stays, empty again.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]


class FetchButton(rx.Component):
    """A button that calls the API once and leaves for `next_url`: signing out, for example."""

    library = SOURCE
    tag = "FetchButton"

    label: rx.Var[str]
    action: rx.Var[str]
    next_url: rx.Var[str]
    # Said in the button's place instead of leaving.
    done_label: rx.Var[str]
    messages: rx.Var[dict[str, str]]
    # What counts down for whoever pressed it too often; names the {seconds}.
    wait_text: rx.Var[str]


def fetch_form(*children: Node, messages: Mapping[str, str], **props: Any) -> rx.Component:
    """A form that counts down, in the page's language, for whoever sends it too often."""
    return FetchForm.create(*children, wait_text=_wait_text(), messages=messages, **props)


def fetch_button(*children: Node, messages: Mapping[str, str], **props: Any) -> rx.Component:
    """A button that counts down, in the page's language, for whoever presses it too often."""
    return FetchButton.create(*children, wait_text=_wait_text(), messages=messages, **props)


def _wait_text() -> str:
    return _("Too many tries. Please wait {seconds} s.")
