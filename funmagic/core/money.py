"""Prices as people write them."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

from funmagic.i18n.translate import current_locale


def format_price(cents: int, currency: str) -> str:
    """An amount in a currency's smallest unit, like `$9.99`, in the language in force."""
    return str(format_currency(to_units(cents, currency), currency.upper(), locale=current_locale()))


def format_unit_price(cents: int, currency: str, units: int) -> str:
    """What one of so many units costs, to a tenth of a cent, like `$0.076`, in the language in force."""
    price = (to_units(cents, currency) / units).quantize(Decimal("0.001"))
    locale = current_locale()
    return str(
        format_currency(price, currency.upper(), locale=locale, currency_digits=False, decimal_quantization=False)
    )


def to_units(cents: int, currency: str) -> Decimal:
    """The amount in whole units of its currency; some, like yen, have no smaller ones."""
    return Decimal(cents).scaleb(-get_currency_precision(currency.upper()))
