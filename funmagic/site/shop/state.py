"""The shop in the browser: what is for sale, and the ways to Stripe's pages."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlmodel import Session

from funmagic import paths
from funmagic.billing.packages import list_packages
from funmagic.billing.stripe.portal import open_portal
from funmagic.billing.views import PackageView
from funmagic.catalogue.service import ToolView, list_tools
from funmagic.core.db import read
from funmagic.core.links import own_path
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import n_
from funmagic.site.frame.state import SignInDialogState
from funmagic.site.shop.leaving_state import LeavingState, checkout_maker
from funmagic.site.shop.offers import PackageCard, package_card
from funmagic.tabs.callers import current_viewer, require_user

PORTAL = "portal"


@dataclass(frozen=True)
class ToolPrice:
    """A tool, and what it costs."""

    title: str
    href: str
    price: str


class ShopState(LeavingState, rx.State):
    """What is for sale, as the viewer of this tab sees it."""

    is_loaded: bool = False
    takes_payments: bool = False
    packages: list[PackageCard] = []
    tools: list[ToolPrice] = []
    # Where the buyer came from, and goes back to.
    back_url: str = ""

    @rx.event
    async def load(self) -> None:
        """List what is for sale and what it is good for; note where the viewer came from."""
        wanted = str(self.router.url.query_parameters.get("next", ""))
        self.back_url = own_path(wanted) if wanted else ""
        self.leaving_for = ""
        self.takes_payments = get_settings().takes_payments
        packages, tools = await read(_list_for_sale)
        self.packages = [package_card(package) for package in packages]
        self.tools = [_tool_price(tool) for tool in tools]
        self.is_loaded = True

    @rx.event(background=True)
    async def buy(self, package_id: str) -> AsyncGenerator[Any, None]:
        """Leave for the checkout of a package; a visitor is asked to sign in first."""
        async with self:
            viewer = await current_viewer(self)
            if viewer is None:
                (await self.get_state(SignInDialogState))._open()  # noqa: SLF001 - a helper, kept from being an endpoint
                return
            if self.leaving_for:
                return
            self.leaving_for = package_id
            back_url = self.back_url
        yield await self._leave(checkout_maker(viewer, package_id, back_url))

    @rx.event(background=True)
    async def manage_billing(self) -> AsyncGenerator[Any, None]:
        """Leave for the viewer's invoices and receipts."""
        async with self:
            viewer = await require_user(self)
            if self.leaving_for:
                return
            self.leaving_for = PORTAL
        yield await self._leave(lambda: open_portal(viewer))


def _list_for_sale(session: Session) -> tuple[list[PackageView], list[ToolView]]:
    return list_packages(session), list_tools(session)


def _tool_price(tool: ToolView) -> ToolPrice:
    return ToolPrice(tool.title, paths.tool(tool.slug), n_("{number} credit", "{number} credits", tool.total_credits))
