"""Leaving the site for a page of Stripe's that is made first."""

import asyncio
from collections.abc import Callable

import reflex as rx
from reflex.event import EventSpec

from funmagic.billing.checkout import start_checkout
from funmagic.models.base import new_id
from funmagic.sessions.viewer import Viewer


class LeavingState(rx.State, mixin=True):
    """What of Stripe's is being made for this tab; its handlers run in the background, as Stripe may take long."""

    # A package's id, or PORTAL; empty while nothing is.
    leaving_for: str = ""

    async def _leave(self, make: Callable[[], str]) -> EventSpec:
        """Go where `make` says, once it has said so; whatever it raises leaves the page as it was."""
        try:
            # An address of another host: the browser leaves, in this very tab.
            return rx.redirect(await asyncio.to_thread(make))
        except BaseException:
            async with self:
                self.leaving_for = ""
            raise


def checkout_maker(viewer: Viewer, package_id: str, return_path: str) -> Callable[[], str]:
    """What makes the checkout of one press of a button, however often it is called."""
    key = new_id()
    return lambda: start_checkout(viewer, package_id, return_path=return_path, idempotency_key=key).url
