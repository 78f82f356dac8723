"""Users as rows: making one, finding one, and the proof that an email is theirs."""

import hashlib
import hmac

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from funmagic.accounts.errors import EmailTaken
from funmagic.accounts.names import read_name
from funmagic.accounts.notices import send_notice
from funmagic.accounts.tokens import revoke_tokens
from funmagic.core.emails import canonical_email, read_email
from funmagic.core.errors import SignInRequired
from funmagic.core.settings import get_settings
from funmagic.credits import ledger
from funmagic.mail.service import MailKind
from funmagic.models.base import utcnow
from funmagic.models.users import Account, AccountProvider, Role, User
from funmagic.sessions.service import close_sessions, find_viewer, refresh_sessions
from funmagic.sessions.viewer import Viewer


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    password_hash: str | None = None,
    role: Role = Role.USER,
    is_verified: bool = False,
) -> User:
    """Insert a user with a credit account, and their welcome credits as soon as they are due.

    Raises EmailTaken, EmailRefused or NameRefused.
    """
    user = User(email=read_email(email), name=read_name(name), role=role)
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise EmailTaken from None
    ledger.open_account(session, user.id)
    if password_hash is not None:
        set_password(session, user, password_hash)
    if is_verified:
        user.email_verified_at = utcnow()
    if is_verified or not get_settings().verifies_emails:
        _welcome(session, user)
    return user


def find_user(session: Session, email: str) -> User | None:
    """The live user with this email; None also when they are banned or deleted."""
    alive = col(User.banned_at).is_(None), col(User.deleted_at).is_(None)
    return session.exec(select(User).where(User.email == canonical_email(email), *alive)).first()


def load_user(session: Session, viewer: Viewer, *, will_change: bool = False) -> User:
    """The viewer's own row, held if it will change; raises SignInRequired for one who has gone meanwhile."""
    alive = col(User.banned_at).is_(None), col(User.deleted_at).is_(None)
    query = select(User).where(User.id == viewer.id, *alive)
    user = session.exec(query.with_for_update(key_share=True) if will_change else query).first()
    if user is None:
        raise SignInRequired
    return user


def load_signed_in(session: Session, viewer: Viewer, token: str | None) -> User:
    """The viewer's own row, held, for a change of how their account opens; `token` is that of their session.

    Raises SignInRequired when the session has ended since the viewer was read: by the first proof of the email, say,
    which must not be followed by a way in that somebody else was still adding.
    """
    user = load_user(session, viewer, will_change=True)
    if (holder := find_viewer(session, token)) is None or holder.id != user.id:
        raise SignInRequired
    return user


def prove_email(session: Session, user: User, *, keeps_access: bool = False, tells_owner: bool = True) -> None:
    """Mark the user's email as proved by whoever acts now.

    With the first proof everything goes that was set up before it, by whoever it was: the password, linked accounts,
    sessions, mailed links, and a change of email that waits for them. With `keeps_access` that was certainly the
    owner, and it stays. Whose password went is told so by mail, unless another one is set at once: then not
    `tells_owner`.
    """
    if _is_proved(user):
        return
    # In the order in which runs hold them, as the proof may bring credits; and held until the end, so that whoever
    # adds a way in at the same moment either is seen here, or sees that their session has ended.
    ledger.lock_available(session, user.id)
    session.flush()
    session.refresh(user, with_for_update={"key_share": True})
    if _is_proved(user):
        return
    user.email_verified_at = utcnow()
    if not keeps_access:
        removed = sa.delete(Account).where(col(Account.user_id) == user.id).returning(col(Account.provider))
        ways_in = session.execute(removed).scalars().all()
        if tells_owner and AccountProvider.CREDENTIAL in ways_in:
            send_notice(session, user, MailKind.PASSWORD_CLEARED)
        close_sessions(session, user.id)
        revoke_tokens(session, user.id)
    refresh_sessions(session, user.id)
    _welcome(session, user)


def set_password(session: Session, user: User, password_hash: str) -> None:
    """Give a user this password, in place of any they had."""
    drop_password(session, user.id)
    session.add(
        Account(
            user_id=user.id,
            provider=AccountProvider.CREDENTIAL,
            provider_account_id=user.id,
            password_hash=password_hash,
        )
    )
    session.flush()


def find_password_hash(session: Session, user_id: str) -> str | None:
    """The hash of a user's password; None without one."""
    has_password = Account.user_id == user_id, Account.provider == AccountProvider.CREDENTIAL
    return session.exec(select(Account.password_hash).where(*has_password)).first()


def replace_hash(session: Session, user_id: str, old_hash: str, new_hash: str) -> None:
    """Keep another hash of the same password, unless it has been changed meanwhile."""
    its_own = col(Account.user_id) == user_id, col(Account.password_hash) == old_hash
    session.execute(sa.update(Account).where(*its_own).values(password_hash=new_hash))


def drop_password(session: Session, user_id: str) -> None:
    """Take a user's password away."""
    session.execute(
        sa.delete(Account).where(col(Account.user_id) == user_id, col(Account.provider) == AccountProvider.CREDENTIAL)
    )


def _is_proved(user: User) -> bool:
    return user.email_verified_at is not None


def _welcome(session: Session, user: User) -> None:
    # They may have been, under an email that was never proved.
    if ledger.was_welcomed(session, user.id):
        return
    # Under a name made from the email: whoever deletes their account and comes back has had theirs.
    key = hmac.new(get_settings().signing_key(), user.email.encode(), hashlib.sha256).hexdigest()
    ledger.grant_welcome(session, user.id, get_settings().welcome_credits, person=key)
