"""`/api/admin/billing/payments`: what admins do to payments."""

from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import Field, StrictInt, StringConstraints

from funmagic import paths
from funmagic.billing.refunds import LONGEST_REASON, refund_payment
from funmagic.billing.views import PaymentView
from funmagic.core.json import RequestShape, Shape
from funmagic.http.callers import RequiredAdmin

router = APIRouter(prefix=paths.API_ADMIN_BILLING + "/payments", tags=["admin"])


class PaymentRefundRequest(RequestShape):
    """How much of a payment to give back, in the currency's smallest unit; all that is left unless said."""

    amount_cents: Annotated[StrictInt, Field(ge=1)] | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)]


class PaymentAnswer(Shape):
    """A payment as it stands now."""

    payment: PaymentView


@router.post("/{payment_id}/refund")
def refund(
    payment_id: str,
    body: PaymentRefundRequest,
    viewer: RequiredAdmin,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=200)],
) -> PaymentAnswer:
    """Give money back through Stripe, and take the credits that it bought; once for each Idempotency-Key."""
    payment = refund_payment(
        viewer, payment_id, cents=body.amount_cents, reason=body.reason, idempotency_key=idempotency_key
    )
    return PaymentAnswer(payment=payment)
