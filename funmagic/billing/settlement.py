"""Settling a payment: its credits are brought in line with its row, and doing it again changes nothing."""

from sqlmodel import Session

from funmagic.credits import ledger
from funmagic.models.billing import Payment, PaymentStatus


def settle_payment(session: Session, payment: Payment) -> None:
    """Add the credits that were paid for, freeze them while the payment is disputed, and take back what was returned.

    The caller holds the payment's row. Of what was returned, the credits that are spent already, or held by running
    tasks, stay a shortfall on the payment; the balance never falls below what is reserved.
    """
    if payment.status != PaymentStatus.PAID:
        return
    _add_credits(session, payment)
    returned = min(payment.amount_cents, payment.refunded_cents + payment.lost_cents)
    if (returned, payment.disputed_cents) == (payment.settled_cents, payment.frozen_cents):
        return
    # What goes back leaves first, and the rest is frozen again: as if the refund had come before the dispute.
    _thaw(session, payment)
    if returned != payment.settled_cents:
        _settle_returned(session, payment, returned)
    _freeze(session, payment)


def _add_credits(session: Session, payment: Payment) -> None:
    name = payment.package_name
    ledger.add_purchase(session, payment.user_id, payment.credits, payment_id=payment.id, description=name)
    if payment.bonus_credits:
        ledger.grant_bonus(
            session, payment.user_id, payment.bonus_credits, key=payment.id, payment_id=payment.id, description=name
        )


def _thaw(session: Session, payment: Payment) -> None:
    if payment.frozen_credits:
        ledger.release(session, payment_id=payment.id, turn=payment.revision)
        payment.frozen_credits = 0
        payment.revision += 1


def _freeze(session: Session, payment: Payment) -> None:
    payment.frozen_cents = payment.disputed_cents
    if not payment.disputed_cents:
        return
    lost = min(payment.amount_cents, payment.settled_cents + payment.disputed_cents)
    at_stake = _share(payment, lost) - _share(payment, payment.settled_cents)
    frozen = min(at_stake, ledger.lock_available(session, payment.user_id))
    if frozen > 0:
        ledger.reserve(
            session,
            payment.user_id,
            frozen,
            payment_id=payment.id,
            turn=payment.revision,
            description=payment.package_name,
        )
        payment.frozen_credits = frozen


def _settle_returned(session: Session, payment: Payment, returned: int) -> None:
    owed = _share(payment, returned) - payment.taken_credits - payment.shortfall_credits
    taken = _takeable(session, payment, owed) if owed > 0 else _given_back(payment, owed)
    payment.taken_credits += taken
    payment.shortfall_credits += owed - taken
    bought = _bought_share(payment, payment.settled_cents) - _bought_share(payment, returned)
    payment.settled_cents = returned
    payment.revision += 1
    ledger.adjust(
        session,
        payment.user_id,
        -taken,
        key=f"{payment.id}:{payment.revision}",
        payment_id=payment.id,
        bought=bought,
        description=payment.package_name,
    )


def _takeable(session: Session, payment: Payment, owed: int) -> int:
    return min(owed, ledger.lock_available(session, payment.user_id))


def _given_back(payment: Payment, owed: int) -> int:
    """What goes back to the account, as a negative number: a shortfall is forgiven first."""
    return min(0, owed + payment.shortfall_credits)


def _share(payment: Payment, cents: int) -> int:
    """How many of the payment's credits a part of its price stands for."""
    return (payment.credits + payment.bonus_credits) * cents // payment.amount_cents


def _bought_share(payment: Payment, cents: int) -> int:
    return payment.credits * cents // payment.amount_cents
