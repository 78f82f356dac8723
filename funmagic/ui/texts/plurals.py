"""Sentences with a number that only the browser knows."""

from functools import lru_cache

import reflex as rx
from babel import Locale
from reflex.vars.function import FunctionStringVar

from funmagic.i18n.translate import current_locale, n_

# Among them is a number of every kind that some language tells apart.
SAMPLES = (*range(200), 1_000_000)


def counted(singular: str, plural: str, number: rx.Var[int], **values: object) -> rx.Var[str]:
    """The one of the texts that goes with this number, for which `{number}` stands, in the language in force."""
    locale = current_locale()
    # The sample finds the text, and the number stands in it.
    texts = {kind: n_(singular, plural, sample, number=number, **values) for kind, sample in _samples(locale).items()}
    rules = f"((number) => new Intl.PluralRules({locale!r}).select(number))"
    kind: rx.Var[str] = FunctionStringVar.create(rules).call(number).to(str)
    # No number is of another kind, but Reflex wants to know what it would be.
    return rx.match(kind, *texts.items(), list(texts.values())[-1])  # type: ignore[return-value] # a Var


@lru_cache
def _samples(locale: str) -> dict[str, int]:
    """A number of each kind that a language tells apart, by what Babel and browsers call the kind."""
    kind_of = Locale.parse(locale).plural_form
    return {kind_of(number): number for number in reversed(SAMPLES)}
