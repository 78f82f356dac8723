"""Who a user is at Stripe: one customer, made the first time they need one."""

import hashlib

import sqlalchemy as sa
import stripe
from sqlmodel import Session, col, select

from funmagic.billing.stripe.client import get_stripe
from funmagic.core.db import reading, transaction
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer


def find_or_make_customer(viewer: Viewer) -> str:
    """The id of the viewer's customer at Stripe; raises what Stripe raises."""
    with reading() as session:
        known = _find(session, viewer)
    return known or _make(viewer)


def replace_customer(viewer: Viewer, gone: str) -> str:
    """Another customer for the viewer, whose own was deleted at Stripe."""
    with transaction() as session:
        session.execute(_owner(viewer).where(col(User.stripe_customer_id) == gone).values(stripe_customer_id=None))
    return _make(viewer, gone)


def is_customer_gone(error: stripe.InvalidRequestError) -> bool:
    """Whether Stripe refused because it no longer knows the customer."""
    return error.code == "resource_missing" and error.param == "customer"


def _make(viewer: Viewer, gone: str = "") -> str:
    # Two that ask at once get the same customer, by the key; where their words differ, the first one written stays.
    key = f"customer-{viewer.id}-{_digest(viewer.email, viewer.name, gone)}"
    made = get_stripe().v1.customers.create(
        {"email": viewer.email, "name": viewer.name, "metadata": {"user_id": viewer.id}}, {"idempotency_key": key}
    )
    with transaction() as session:
        vacant = _owner(viewer).where(col(User.stripe_customer_id).is_(None))
        session.execute(vacant.values(stripe_customer_id=made.id))
        return _find(session, viewer) or made.id


def _find(session: Session, viewer: Viewer) -> str | None:
    return session.exec(select(User.stripe_customer_id).where(User.id == viewer.id)).one()


def _owner(viewer: Viewer) -> sa.Update:
    return sa.update(User).where(col(User.id) == viewer.id)


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
