"""The shop's pages are tested on the business's shop and its emulated Stripe."""

from tests.funmagic.billing.conftest import emulator, set_up, shop, stripe

__all__ = ["emulator", "set_up", "shop", "stripe"]
