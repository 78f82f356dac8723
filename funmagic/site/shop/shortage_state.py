"""The dialog for whoever has too few credits for what they want: what is missing, and the package that brings it."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from funmagic import paths
from funmagic.billing.packages import cheapest_covering, list_packages
from funmagic.core.db import read
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, n_
from funmagic.site.shop.leaving_state import LeavingState, checkout_maker
from funmagic.site.shop.offers import PackageCard, package_card
from funmagic.tabs.callers import require_user


class ShortageState(LeavingState, rx.State):
    """What is missing in this tab, and how to get it without losing what lies on the page."""

    is_open: bool = False
    takes_payments: bool = False
    sentence: str = ""
    # The cheapest that brings enough, or the largest there is.
    package: PackageCard = PackageCard()
    covers: bool = True
    # The shop, which leads back here.
    shop_url: str = paths.PRICING

    _return_path: str = ""
    # The page it was opened on, and for how much.
    _path: str = ""
    _price: int = 0

    @rx.event
    async def set_is_open(self, is_open: bool) -> None:
        """Open or close the dialog."""
        self.is_open = is_open

    @rx.event(background=True)
    async def buy(self) -> AsyncGenerator[Any, None]:
        """Leave for the checkout of the package; it leads back to the page the dialog was opened on."""
        async with self:
            viewer = await require_user(self)
            if self.leaving_for or not self.package.id:
                return
            self.leaving_for = self.package.id
            make = checkout_maker(viewer, self.package.id, self._return_path)
        leave = await self._leave(make)
        async with self:
            # Whoever comes back has bought, or thought better of it.
            self.is_open = False
            self.leaving_for = ""
        yield leave

    async def _open(self, *, price: int, available: int, return_path: str) -> None:
        """Show what is missing of a price, and offer what brings it; from buying, people come back to this path."""
        missing = price - available
        packages = await read(list_packages)
        package = cheapest_covering(packages, missing)
        self.package = package_card(package) if package else PackageCard()
        self.covers = package is not None and package.total_credits >= missing
        self.sentence = _(
            "This run costs {price} and you have {has}, so {missing}.",
            price=n_("{number} credit", "{number} credits", price),
            has=available,
            missing=n_("{number} is missing", "{number} are missing", missing),
        )
        self.takes_payments = get_settings().takes_payments
        self.leaving_for = ""
        self._return_path = return_path
        self.shop_url = paths.pricing(return_path)
        self.is_open = True
        self._path = self.router.url.path
        self._price = price

    def _forget(self, available: int) -> None:
        """Close the dialog for whoever has gone elsewhere, or has enough by now; a lost connection leaves it open."""
        if self._path != self.router.url.path or available >= self._price:
            self.is_open = False
