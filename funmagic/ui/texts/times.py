"""Moments, on the clock of whoever reads them."""

import reflex as rx
from reflex.vars.function import FunctionStringVar

from funmagic.i18n.translate import current_locale


def local_time(at: rx.Var[str], *, class_name: str = "") -> rx.Component:
    """A moment, given in ISO and UTC, as the reader's clock and calendar show it."""
    form = f"new Intl.DateTimeFormat({current_locale()!r}, {{dateStyle: 'medium', timeStyle: 'short'}})"
    text = FunctionStringVar.create(f"((at) => {form}.format(new Date(at)))").call(at).to(str)
    return rx.el.time(text, date_time=at, class_name=class_name)
