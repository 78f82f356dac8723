"""The shop over HTTP: packages, checkout, billing portal; and Stripe's webhook."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response, status
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from funmagic import paths
from funmagic.billing import packages
from funmagic.billing.checkout import start_checkout
from funmagic.billing.events import EventOutcome, read_event, receive_event
from funmagic.billing.stripe.facts import EVENT_TYPES
from funmagic.billing.stripe.portal import open_portal
from funmagic.billing.views import PackageView
from funmagic.core.db import reading, transaction
from funmagic.core.json import RequestShape, Shape
from funmagic.core.telemetry.counters import STRIPE_EVENTS, count
from funmagic.http.callers import RequiredViewer

router = APIRouter(tags=["billing"])

# In the counter, for all that we do not act on.
UNKNOWN_TYPE = "other"


class PackageList(Shape):
    """What is for sale."""

    packages: list[PackageView]


class CheckoutRequest(RequestShape):
    """A package to buy, and the page to come back to when the buyer thinks better of it."""

    package_id: str = Field(max_length=36)
    return_path: str = Field(default="", max_length=500)


class PageAddress(Shape):
    """A page at Stripe to go to."""

    url: str


@router.get(paths.API_CREDITS + "/packages")
def list_packages() -> PackageList:
    """What is for sale."""
    with reading() as session:
        return PackageList(packages=packages.list_packages(session))


@router.post(paths.API_CREDITS + "/checkout")
def create_checkout(
    body: CheckoutRequest,
    viewer: RequiredViewer,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=100)] = None,
) -> PageAddress:
    """Begin to buy a package; the price is ours, whatever the request says."""
    begun = start_checkout(viewer, body.package_id, return_path=body.return_path, idempotency_key=idempotency_key)
    return PageAddress(url=begun.url)


@router.post(paths.API_BILLING + "/portal")
def create_portal(viewer: RequiredViewer) -> PageAddress:
    """Open the viewer's invoices and receipts at Stripe."""
    return PageAddress(url=open_portal(viewer))


@router.post(paths.API_STRIPE_WEBHOOK, include_in_schema=False)
async def receive_stripe_event(request: Request, stripe_signature: Annotated[str, Header()] = "") -> Response:
    """Act on an event of Stripe's; whatever goes wrong on our side answers 5xx, so that Stripe sends it again."""
    body = await request.body()
    await run_in_threadpool(_receive_and_count, body, stripe_signature)
    return Response(status_code=status.HTTP_200_OK)


def _receive_and_count(body: bytes, signature: str) -> None:
    try:
        event = read_event(body, signature)
    except Exception:
        count(STRIPE_EVENTS, UNKNOWN_TYPE, EventOutcome.REFUSED)
        raise
    type_ = event.type if event.type in EVENT_TYPES else UNKNOWN_TYPE
    try:
        with transaction() as session:
            outcome = receive_event(session, event)
    except Exception:
        count(STRIPE_EVENTS, type_, EventOutcome.FAILED)
        raise
    count(STRIPE_EVENTS, type_, outcome)
