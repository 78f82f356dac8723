"""Translation of every text a person reads: `_()` answers in the language in force."""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import negotiate_locale

CATALOGUES = Path(__file__).parent / "locales"
DEFAULT_LOCALE = "en"
LOCALES = (DEFAULT_LOCALE,)

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)


@dataclass(frozen=True)
class Plural:
    """A sentence for one and for more; `by` is the name of the value that decides between them."""

    singular: str
    plural: str
    by: str


def _(text: str | Plural, **values: Any) -> str:
    """The text in the language in force, with `{name}` placeholders filled in."""
    if isinstance(text, Plural):
        return n_(text.singular, text.plural, values[text.by], **values)
    # A catalogue keeps its own header under the empty text.
    translated = _catalogue(_locale.get()).gettext(text) if text else ""
    return translated.format(**values) if values else translated


def n_(singular: str, plural: str, number: int, /, **values: Any) -> str:
    """The one of the texts that goes with this number, in the language in force.

    `{number}` stands for it, unless a value of that name is to be read in its place.
    """
    translated = _catalogue(_locale.get()).ngettext(singular, plural, number)
    return translated.format(**{"number": number, **values})


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """The text as it is, marked for translation where it is named; `_()` translates it where it is shown."""
    return text


def NN_(singular: str, plural: str, by: str) -> Plural:  # noqa: N802 - after `N_`
    """Both texts as they are, marked for translation where they are named; `_()` picks and translates one."""
    return Plural(singular, plural, by)


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Put a language in force for the block."""
    token = _locale.set(locale)
    try:
        yield
    finally:
        _locale.reset(token)


def current_locale() -> str:
    """The language in force."""
    return _locale.get()


def negotiate(accept_language: str) -> str:
    """The language of ours that an Accept-Language header prefers."""
    ranked = [part.split(";")[0].strip() for part in accept_language.split(",")]
    return negotiate_locale(ranked, LOCALES, sep="-") or DEFAULT_LOCALE


@lru_cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    return gettext.translation("funmagic", CATALOGUES, [locale], fallback=True)
