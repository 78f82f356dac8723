"""The page that buyers come back to: it waits for the payment, whoever hears of it first, and says what it brought."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx
import structlog

from funmagic import paths
from funmagic.billing.errors import PaymentsNotSetUp, PaymentsUnavailable
from funmagic.billing.payments import find_payment
from funmagic.billing.recovery import refresh_payment
from funmagic.billing.views import PaymentView
from funmagic.core.db import DATABASE_AWAY, read
from funmagic.core.errors import NotFound
from funmagic.core.money import format_price
from funmagic.i18n.translate import n_
from funmagic.models.billing import PaymentStatus
from funmagic.sessions.viewer import Viewer
from funmagic.site.shop.offers import format_count
from funmagic.tabs.callers import current_viewer, require_user

log = structlog.get_logger()

# How long to wait before Stripe is asked, each time; after that only the webhook and the clock know more.
PAUSES_S = (2, 2, 3, 5, 8, 13, 20, 30, 60, 60, 120, 300)
UNDECIDED = (PaymentStatus.OPEN, PaymentStatus.PENDING)


@dataclass(frozen=True)
class Purchase:
    """What was bought, in words."""

    package: str = ""
    credits: str = ""
    price: str = ""
    # What came back since, if anything did.
    refunded: str = ""
    # Where the buyer came from; empty where that was the shop itself.
    back_url: str = ""


class SuccessState(rx.State):
    """One purchase of this tab's viewer."""

    # loading, unknown, or how far the payment has come.
    phase: str = "loading"
    purchase: Purchase = Purchase()
    # The shop, for another try.
    shop_url: str = paths.PRICING
    is_stripe_away: bool = False

    _stripe_session_id: str = ""

    @rx.event
    async def load(self) -> Any:
        """Load the purchase that the address names, and poll Stripe for it while it is not decided."""
        self.reset()  # type: ignore[no-untyped-call]
        viewer = await current_viewer(self)
        url = self.router.url
        if viewer is None:
            here = f"{url.path}?{url.query}" if url.query else url.path
            return rx.redirect(f"{paths.LOGIN}?{urlencode({'next': here}, safe='/')}")
        self._stripe_session_id = str(url.query_parameters.get("session_id", ""))
        await self._load_payment(viewer)
        return SuccessState.poll_stripe if self.phase in UNDECIDED else None

    @rx.event
    async def reload_payment(self) -> None:
        """Load the payment again: the viewer's credits have changed, perhaps by this purchase."""
        await self._load_payment(await require_user(self))

    @rx.event(background=True, supersedes=True)
    async def poll_stripe(self) -> None:
        """Poll Stripe for the payment, so that a lost webhook does not matter; once per tab."""
        async with self:
            viewer = await require_user(self)
            asked = self._stripe_session_id
        for pause in PAUSES_S:
            await asyncio.sleep(pause)
            async with self:
                if self._stripe_session_id != asked or self.phase not in UNDECIDED:
                    return
            try:
                await self._refresh(viewer, asked)
            except DATABASE_AWAY as error:
                log.warning("payment_not_refreshed", error=str(error))

    async def _refresh(self, viewer: Viewer, stripe_session_id: str) -> None:
        payment = None
        with suppress(PaymentsUnavailable, PaymentsNotSetUp):
            payment = await asyncio.to_thread(refresh_payment, viewer, stripe_session_id)
        async with self:
            if self._stripe_session_id != stripe_session_id:
                return
            self.is_stripe_away = payment is None
            if payment:
                self._show(payment)

    async def _load_payment(self, viewer: Viewer) -> None:
        try:
            self._show(await read(find_payment, viewer, self._stripe_session_id))
        except NotFound:
            self.phase = "unknown"

    def _show(self, payment: PaymentView) -> None:
        self.phase = payment.status
        refunded = format_price(payment.refunded_cents, payment.currency) if payment.refunded_cents else ""
        self.purchase = Purchase(
            package=payment.package_name,
            credits=_credits(payment),
            price=format_price(payment.amount_cents, payment.currency),
            refunded=refunded,
            back_url=payment.return_path,
        )
        self.shop_url = paths.pricing(payment.return_path)


def _credits(payment: PaymentView) -> str:
    credits_ = format_count(payment.credits)
    bonus = format_count(payment.bonus_credits)
    if payment.bonus_credits:
        return n_(
            "{credits} credit + {bonus} bonus",
            "{credits} credits + {bonus} bonus",
            payment.credits,
            credits=credits_,
            bonus=bonus,
        )
    return n_("{credits} credit", "{credits} credits", payment.credits, credits=credits_)
