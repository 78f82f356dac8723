"""An admin's refund of a payment: made at Stripe, and recorded in the audit log before and after.

The refund at Stripe names the audit entry that asked for it. Where Stripe's answer got lost, the refund is searched for
at Stripe before another one is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import stripe
from sqlmodel import Session, col, select

from funmagic.audit_log.service import record_act
from funmagic.billing.errors import NotRefundable, PaymentsUnavailable
from funmagic.billing.returns import apply_returns
from funmagic.billing.stripe.client import asking_stripe, get_stripe
from funmagic.billing.stripe.facts import PAYMENT_ID, refund_of
from funmagic.billing.views import PaymentView
from funmagic.core.db import reading, transaction
from funmagic.core.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from funmagic.core.money import format_price
from funmagic.i18n.translate import _
from funmagic.models.audit_log import AuditEntry
from funmagic.models.base import new_id
from funmagic.models.billing import DisputeStatus, Payment, PaymentStatus
from funmagic.sessions.viewer import Viewer

PAYMENT = "payment"
# The actions of the audit log.
ASKED = "billing.refund"
DONE = "billing.refund_done"
FAILED = "billing.refund_failed"
LONGEST_REASON = 200
# The request's id in the metadata of the refund.
REQUEST_ID = "refund_request_id"
# The bank would not take it; Stripe tells of that with an event as well.
SENT_BACK = ("failed", "canceled")


@dataclass(frozen=True)
class _Request:
    """A refund as the audit log has it."""

    id: str
    payment_id: str
    intent: str
    price_cents: int
    currency: str
    # Whether the buyer paid, or was shown, another currency.
    may_be_converted: bool
    cents: int
    is_new: bool = True
    is_done: bool = False


def refund_payment(
    actor: Viewer, payment_id: str, *, cents: int | None, reason: str, idempotency_key: str
) -> PaymentView:
    """Give back so many cents of a payment, or all that is left; the same key does so once, and answers the same.

    It opens its own transactions: none is open while Stripe is asked. The credits of the returned share leave at once.
    Raises Forbidden, InvalidInput, NotFound, NotRefundable, IdempotencyConflict, PaymentsNotSetUp, PaymentsUnavailable.
    """
    if not actor.is_admin:
        raise Forbidden
    if cents is not None and cents < 1:
        raise InvalidInput(field="amountCents")
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InvalidInput(field="reason")
    get_stripe()
    with transaction() as session:
        request = _record_request(session, actor, payment_id, cents, reason=reason, key=idempotency_key)
    if not request.is_done:
        refund = _refund_at_stripe(actor, request)
        with transaction() as session:
            _record_done(session, actor, request, refund)
    with reading() as session:
        return PaymentView.model_validate(session.get_one(Payment, payment_id))


def _record_request(
    session: Session, actor: Viewer, payment_id: str, cents: int | None, *, reason: str, key: str
) -> _Request:
    """The request under this key, recorded unless it was before."""
    payment = session.get(Payment, payment_id, with_for_update=True)
    if payment is None:
        raise NotFound
    entries = _entries(session, payment_id)
    for entry in entries:
        if entry.action == ASKED and entry.actor_id == actor.id and entry.details["key"] == key:
            if (entry.details["asked"], entry.reason) != (cents, reason):
                raise IdempotencyConflict
            is_done = _is_done(entries, entry.details["request"])
            return _request(payment, entry.details["request"], entry.details["cents"], is_new=False, is_done=is_done)
    request = _request(payment, new_id(), _check(payment, cents))
    details = {"request": request.id, "key": key, "asked": cents, "cents": request.cents}
    record_act(session, actor, ASKED, (PAYMENT, payment_id), reason=reason, **details)
    return request


def _check(payment: Payment, cents: int | None) -> int:
    """How much to give back; raises NotRefundable for what Stripe would refuse as well."""
    left = payment.amount_cents - payment.refunded_cents
    if payment.status != PaymentStatus.PAID or not payment.stripe_payment_intent_id:
        raise NotRefundable(problem=_("It was not paid."))
    if payment.dispute in (DisputeStatus.OPEN, DisputeStatus.LOST):
        raise NotRefundable(problem=_("The buyer's bank disputes it."))
    if left == 0:
        raise NotRefundable(problem=_("All of it was given back already."))
    if cents is not None and cents > left:
        raise NotRefundable(problem=_("Only {left} of it is left.", left=format_price(left, payment.currency)))
    return left if cents is None else cents


def _request(payment: Payment, request_id: str, cents: int, *, is_new: bool = True, is_done: bool = False) -> _Request:
    return _Request(
        id=request_id,
        payment_id=payment.id,
        intent=payment.stripe_payment_intent_id or "",
        price_cents=payment.amount_cents,
        currency=payment.currency,
        may_be_converted=bool(payment.charged),
        cents=cents,
        is_new=is_new,
        is_done=is_done,
    )


def _refund_at_stripe(actor: Viewer, request: _Request) -> stripe.Refund:
    try:
        with asking_stripe():
            return _make_refund(request)
    except (NotRefundable, PaymentsUnavailable) as error:
        with transaction() as session:
            details = {"request": request.id, "code": error.code, **error.details}
            record_act(session, actor, FAILED, (PAYMENT, request.payment_id), **details)
        raise


def _make_refund(request: _Request) -> stripe.Refund:
    refund = None if request.is_new else _find_refund(request)
    refund = refund or _create_refund(request)
    if refund.status in SENT_BACK:
        raise NotRefundable(problem=_("The buyer's bank sent the money back."))
    return refund


def _find_refund(request: _Request) -> stripe.Refund | None:
    """The refund of an earlier request whose answer got lost: Stripe keeps an idempotency key for a day only."""
    made = get_stripe().v1.refunds.list({"payment_intent": request.intent, "limit": 100})
    return next((one for one in made.data if (one.to_dict().get("metadata") or {}).get(REQUEST_ID) == request.id), None)


def _create_refund(request: _Request) -> stripe.Refund:
    try:
        return get_stripe().v1.refunds.create(
            {
                "payment_intent": request.intent,
                "amount": _in_money_of_charge(request),
                "reason": "requested_by_customer",
                "metadata": {PAYMENT_ID: request.payment_id, REQUEST_ID: request.id},
            },
            {"idempotency_key": f"refund-{request.id}"},
        )
    except stripe.InvalidRequestError as error:
        raise NotRefundable(problem=error.user_message or _("Stripe refuses it.")) from None


def _in_money_of_charge(request: _Request) -> int:
    """The cents to give back, in the currency that the buyer was charged in."""
    if not request.may_be_converted:
        return request.cents
    intent = get_stripe().v1.payment_intents.retrieve(request.intent, {"expand": ["latest_charge"]})
    charge = intent.latest_charge
    if not isinstance(charge, stripe.Charge) or charge.currency == request.currency:
        return request.cents
    share = -(-charge.amount * request.cents // request.price_cents)
    return min(share, charge.amount - charge.amount_refunded)


def _record_done(session: Session, actor: Viewer, request: _Request, refund: stripe.Refund) -> None:
    """Apply the refund now: its credits leave even when the webhook is late, which changes nothing then."""
    payment = session.get_one(Payment, request.payment_id, with_for_update=True)
    if _is_done(_entries(session, payment.id), request.id):
        return
    apply_returns(session, payment, refunds=[refund_of(refund.to_dict())])
    about = (PAYMENT, payment.id)
    record_act(session, actor, DONE, about, request=request.id, cents=refund.amount, refund=refund.id)


def _entries(session: Session, payment_id: str) -> Sequence[AuditEntry]:
    """The audit entries of the payment; its row is locked, so none is added meanwhile."""
    query = select(AuditEntry).where(AuditEntry.subject_type == PAYMENT, AuditEntry.subject_id == payment_id)
    return session.exec(query.order_by(col(AuditEntry.id))).all()


def _is_done(entries: Sequence[AuditEntry], request_id: str) -> bool:
    return any(entry.action == DONE and entry.details["request"] == request_id for entry in entries)
