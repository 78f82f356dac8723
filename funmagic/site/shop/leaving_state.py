"""Sends the browser to a page at Stripe once Stripe has made it."""

import asyncio
from collections.abc import Callable

import reflex as rx
from reflex.event import EventSpec

from funmagic.billing.checkout import start_checkout
from funmagic.models.base import new_id
from funmagic.sessions.viewer import Viewer


class LeavingState(rx.State, mixin=True):
    """Which page Stripe is making for this tab; its handlers run in the background, as Stripe may take long."""

    # A package's id, or PORTAL; empty while nothing is.
    leaving_for: str = ""

    async def _leave(self, make: Callable[[], str]) -> EventSpec:
        """Redirect to the address that `make` returns; when it raises, show the buttons as before."""
        try:
            # An address of another host: the browser leaves, in this very tab.
            return rx.redirect(await asyncio.to_thread(make))
        except BaseException:
            async with self:
                self.leaving_for = ""
            raise


def checkout_maker(viewer: Viewer, package_id: str, return_path: str) -> Callable[[], str]:
    """A function that starts the checkout of one press of a button: called again, it returns the same address."""
    key = new_id()
    return lambda: start_checkout(viewer, package_id, return_path=return_path, idempotency_key=key).url
