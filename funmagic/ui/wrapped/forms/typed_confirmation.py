"""The field in which people type what they are about to lose."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class TypedConfirmation(rx.Component):
    """An `<input>` that is invalid, and says `mismatch`, until it holds the expected text."""

    library = wrapped_source("forms/typed_confirmation.jsx")
    tag = "TypedConfirmation"

    name: rx.Var[str]
    expected: rx.Var[str]
    mismatch: rx.Var[str]


typed_confirmation = TypedConfirmation.create
