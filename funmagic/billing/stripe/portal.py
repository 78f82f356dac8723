"""Stripe's billing portal: invoices, receipts and ways of paying, on Stripe's own pages."""

import stripe

from funmagic import paths
from funmagic.billing.stripe.client import asking_stripe, get_stripe
from funmagic.billing.stripe.customers import find_or_make_customer, is_customer_gone, replace_customer
from funmagic.core.links import public_url
from funmagic.sessions.viewer import Viewer


def open_portal(viewer: Viewer) -> str:
    """Where the viewer finds their invoices, and comes back from to their profile.

    Raises PaymentsNotSetUp and PaymentsUnavailable.
    """
    get_stripe()
    with asking_stripe():
        customer = find_or_make_customer(viewer)
        try:
            return _open(customer)
        except stripe.InvalidRequestError as error:
            if not is_customer_gone(error):
                raise
            return _open(replace_customer(viewer, customer))


def _open(customer: str) -> str:
    wanted = {"customer": customer, "return_url": public_url(paths.PROFILE)}
    return get_stripe().v1.billing_portal.sessions.create(wanted).url  # type: ignore[arg-type]
