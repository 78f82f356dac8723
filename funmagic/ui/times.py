"""Moments, on the clock of whoever reads them."""

import reflex as rx

from funmagic.i18n.translate import current_locale


def local_time(at: rx.Var[str], *, class_name: str = "") -> rx.Component:
    """A moment, given in ISO and UTC, as the reader's clock and calendar show it."""
    form = f"new Intl.DateTimeFormat({current_locale()!r}, {{dateStyle: 'medium', timeStyle: 'short'}})"
    text: rx.Var[str] = rx.Var(f"{form}.format(new Date({at!s}))", _var_type=str, _var_data=at._get_all_var_data())  # noqa: SLF001
    return rx.el.time(text, date_time=at, class_name=class_name)
