"""The shop's packages as pages show them: numbers and prices in words."""

from dataclasses import dataclass

from babel.numbers import format_decimal

from funmagic.billing.views import PackageView
from funmagic.core.money import format_price, format_unit_price
from funmagic.i18n.translate import _, current_locale, n_


@dataclass(frozen=True)
class PackageCard:
    """A package as its card shows it; one without an id is none."""

    id: str = ""
    name: str = ""
    # With the bonus.
    credits: str = ""
    unit: str = ""
    bonus: str = ""
    price: str = ""
    unit_price: str = ""
    is_popular: bool = False


def package_card(package: PackageView) -> PackageCard:
    """The package in the language in force."""
    cents = package.price_cents
    currency = package.currency
    total = package.total_credits
    bonus = n_(
        "{credits} of them is a bonus",
        "{credits} of them are a bonus",
        package.bonus_credits,
        credits=format_count(package.bonus_credits),
    )
    return PackageCard(
        id=package.id,
        name=package.name,
        credits=format_count(total),
        unit=n_("credit", "credits", total),
        bonus=bonus if package.bonus_credits else "",
        price=format_price(cents, currency),
        unit_price=_("{price} per credit", price=format_unit_price(cents, currency, total)),
        is_popular=package.is_popular,
    )


def format_count(count: int) -> str:
    """A number of credits, like `1,200`, in the language in force."""
    return str(format_decimal(count, locale=current_locale()))
