"""The secrets of mailed links: random, kept as hashes, good once and for a short while."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.errors import LinkExpired
from funmagic.models.base import utcnow
from funmagic.models.users import OneTimeToken, TokenPurpose

LIFETIMES = {
    TokenPurpose.MAGIC_LINK: timedelta(minutes=10),
    TokenPurpose.VERIFY_EMAIL: timedelta(days=1),
    TokenPurpose.RESET_PASSWORD: timedelta(minutes=30),
    TokenPurpose.LEAVE_EMAIL: timedelta(days=1),
    TokenPurpose.CLAIM_EMAIL: timedelta(days=1),
}
KEPT_AFTER_EXPIRY = timedelta(days=1)


def issue_token(
    session: Session,
    purpose: TokenPurpose,
    *,
    email: str,
    user_id: str | None = None,
    data: dict[str, Any] | None = None,
) -> str:
    """A new secret for a link to this address; earlier ones for the same person and purpose stop working."""
    is_earlier = col(OneTimeToken.email) == email, col(OneTimeToken.user_id).is_not_distinct_from(user_id)
    session.execute(sa.delete(OneTimeToken).where(col(OneTimeToken.purpose) == purpose, *is_earlier))
    token = secrets.token_urlsafe(32)
    session.add(
        OneTimeToken(
            purpose=purpose,
            token_hash=digest(token),
            email=email,
            user_id=user_id,
            data=data or {},
            expires_at=utcnow() + LIFETIMES[purpose],
        )
    )
    return token


def peek_token(session: Session, purpose: TokenPurpose, token: str) -> OneTimeToken:
    """What a secret stands for, without using it up; raises LinkExpired."""
    found = session.exec(select(OneTimeToken).where(*_is_good(purpose, token))).first()
    if found is None:
        raise LinkExpired
    return found


def find_spent_token(session: Session, purpose: TokenPurpose, token: str) -> OneTimeToken | None:
    """What a secret stood for that no longer works, as long as that is known."""
    is_it = col(OneTimeToken.token_hash) == digest(token), col(OneTimeToken.purpose) == purpose
    return session.exec(select(OneTimeToken).where(*is_it)).first()


def use_token(session: Session, purpose: TokenPurpose, token: str) -> OneTimeToken:
    """What a secret stands for, which from now on is used; of many at once one succeeds. Raises LinkExpired."""
    used = sa.update(OneTimeToken).where(*_is_good(purpose, token)).values(used_at=utcnow()).returning(OneTimeToken)
    found: OneTimeToken | None = session.execute(used).scalar_one_or_none()
    if found is None:
        raise LinkExpired
    return found


def revoke_tokens(session: Session, user_id: str, *purposes: TokenPurpose) -> None:
    """Have no mailed link for one of these purposes work for this user any more; without any, none at all.

    A change of email that waits for its links ends with them.
    """
    revoked = col(OneTimeToken.purpose).in_(purposes or list(TokenPurpose))
    session.execute(sa.delete(OneTimeToken).where(col(OneTimeToken.user_id) == user_id, revoked))


def sweep_tokens(session: Session) -> None:
    """Forget tokens that expired long ago."""
    session.execute(sa.delete(OneTimeToken).where(col(OneTimeToken.expires_at) < utcnow() - KEPT_AFTER_EXPIRY))


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_good(purpose: TokenPurpose, token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(OneTimeToken.token_hash) == digest(token),
        col(OneTimeToken.purpose) == purpose,
        col(OneTimeToken.used_at).is_(None),
        col(OneTimeToken.expires_at) > utcnow(),
    )
