"""The shop's shelf: the packages of credits that are for sale."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from funmagic.billing.errors import PackageUnavailable
from funmagic.billing.views import PackageView
from funmagic.i18n.translate import current_locale
from funmagic.models.billing import CreditPackage


def list_packages(session: Session) -> list[PackageView]:
    """What is for sale, in the shop's order, named in the language in force."""
    query = select(CreditPackage).where(col(CreditPackage.is_active))
    return [_view(package) for package in session.exec(query.order_by(*SHOP_ORDER))]


def find_package(session: Session, package_id: str) -> CreditPackage:
    """A package that is for sale; raises PackageUnavailable."""
    package = session.get(CreditPackage, package_id)
    if package is None or not package.is_active:
        raise PackageUnavailable
    return package


def cheapest_covering(packages: Sequence[PackageView], missing: int) -> PackageView | None:
    """The cheapest package that brings so many credits; the largest where none does; None where nothing is sold."""
    enough = [package for package in packages if package.total_credits >= missing]
    if enough:
        return min(enough, key=lambda package: package.price_cents)
    return max(packages, key=lambda package: package.total_credits, default=None)


def package_name(package: CreditPackage) -> str:
    """What the package is called in the language in force."""
    return str(package.translations.get(current_locale(), {}).get("name") or package.name)


SHOP_ORDER = (col(CreditPackage.position), col(CreditPackage.price_cents), col(CreditPackage.id))


def _view(package: CreditPackage) -> PackageView:
    return PackageView(
        id=package.id,
        name=package_name(package),
        credits=package.credits,
        bonus_credits=package.bonus_credits,
        total_credits=package.credits + package.bonus_credits,
        price_cents=package.price_cents,
        currency=package.currency,
        is_popular=package.is_popular,
    )
