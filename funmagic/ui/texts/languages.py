"""Texts in the language of whoever reads them."""

import reflex as rx

from funmagic.i18n.translate import DEFAULT_LOCALE, LOCALES, _, use_locale
from funmagic.ui.props import Text


def in_readers_language(text: str, locale: rx.Var[str]) -> Text:
    """A text marked for translation as the reader's language has it; in the usual one while that is not known."""
    # Pages are built once, for everybody: all languages are in them, and the browser picks the one that it is told.
    translations = {language: _translate(text, language) for language in LOCALES}
    usual = translations.pop(DEFAULT_LOCALE)
    if not translations:
        return usual
    return rx.match(locale, *translations.items(), usual)  # type: ignore[return-value] # of texts it makes a Var


def _translate(text: str, locale: str) -> str:
    with use_locale(locale):
        return _(text)
