"""Forms and buttons that speak JSON to our own HTTP API, for what a websocket cannot do: set cookies."""

from typing import Any

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source

SOURCE = wrapped_source("forms/fetch_form.jsx")


class FetchForm(rx.Component):
    """A real form that sends its fields as JSON, and says above them why the API refused them."""

    library = SOURCE
    tag = "FetchForm"

    action: rx.Var[str]
    # POST where nothing is said.
    method: rx.Var[str]
    # What success brings, one of
    #   {leave}: to this address; empty means the current one, loaded anew.
    #   {panel, leave?, asksSession?}: {title, text, again?, sentAgain?, back?, label?, href?, inbox?, inboxHref?} in
    #     the form's place, whose text may name the {email}; whoever comes back to the tab signed in leaves, and with
    #     `asksSession` whoever is signed in at once.
    #   {stay}: the form stays, empty again.
    after: rx.Var[dict[str, Any]]
    # Error code → text; "network" for no answer, "wait" to count the {seconds} down for whoever sends it too often,
    # "default" for the rest.
    messages: rx.Var[dict[str, str]]
    # Error code → {label, href}: the link that helps out of it.
    ways_on: rx.Var[dict[str, dict[str, str]]]
    # Fields that nobody types: "next", "token" (from the address), "browserKey".
    adds: rx.Var[list[str]]

    # The API agreed, and the form stays.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]


class FetchButton(rx.Component):
    """A button that calls the API once: signing out, for example."""

    library = SOURCE
    tag = "FetchButton"

    label: rx.Var[str]
    action: rx.Var[str]
    # {leave}, as a form does, or {say}: a text in the button's place.
    after: rx.Var[dict[str, Any]]
    # As a form's.
    messages: rx.Var[dict[str, str]]


fetch_form = FetchForm.create
fetch_button = FetchButton.create
