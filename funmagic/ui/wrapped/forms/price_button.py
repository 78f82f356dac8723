"""The button that spends credits, deaf for a moment to what was meant for another one."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class PriceButton(rx.el.Button):
    """A `<button>` that hears nothing for 600 ms after it appears, or becomes another `offer`."""

    library = wrapped_source("forms/price_button.jsx")
    tag = "PriceButton"

    # What it sells, in words: another offer in the same place is another button.
    offer: rx.Var[str]


price_button = PriceButton.create
