"""The field in which people type what they are about to lose."""

import reflex as rx


class TypedConfirmation(rx.Component):
    """An `<input>` that is invalid, and says `mismatch`, until it holds the expected text."""

    library = rx.asset("typed_confirmation.jsx", shared=True).importable_path
    tag = "TypedConfirmation"

    name: rx.Var[str]
    expected: rx.Var[str]
    mismatch: rx.Var[str]


typed_confirmation = TypedConfirmation.create
