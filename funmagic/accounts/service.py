"""Accounts: signing up and signing in with email and password."""

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from funmagic.accounts.passwords import hash_password, password_matches
from funmagic.accounts.viewer import Viewer
from funmagic.credits import ledger
from funmagic.db import reading, transaction
from funmagic.errors import EmailTaken, InvalidCredentials
from funmagic.models.users import Account, AccountProvider, Role, User
from funmagic.settings import get_settings


def sign_up(email: str, password: str, name: str) -> Viewer:
    """Make a user with their welcome credits; raises EmailTaken."""
    password_hash = hash_password(password)
    with transaction() as session:
        return create_user(session, email=email, name=name, password_hash=password_hash)


def sign_in(email: str, password: str) -> Viewer:
    """The user whose email and password these are; raises InvalidCredentials, whatever the reason."""
    with reading() as session:
        found = session.exec(
            select(User, Account.password_hash)
            .join(Account, col(Account.user_id) == User.id)
            .where(Account.provider == AccountProvider.CREDENTIAL, User.email == fold_email(email))
            .where(col(User.banned_at).is_(None), col(User.deleted_at).is_(None))
        ).first()
    user, password_hash = found or (None, None)
    if not password_matches(password, password_hash) or user is None:
        raise InvalidCredentials
    return Viewer.of(user)


def create_user(session: Session, *, email: str, name: str, password_hash: str, role: Role = Role.USER) -> Viewer:
    """Insert a user, their credential, their credit account and the welcome credits; raises EmailTaken."""
    user = User(email=fold_email(email), name=name.strip(), role=role)
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise EmailTaken from None
    session.add(
        Account(
            user_id=user.id,
            provider=AccountProvider.CREDENTIAL,
            provider_account_id=user.email,
            password_hash=password_hash,
        )
    )
    ledger.open_account(session, user.id)
    ledger.grant_welcome(session, user.id, get_settings().welcome_credits)
    return Viewer.of(user)


def has_super_admin(session: Session) -> bool:
    """Whether somebody can already run everything."""
    return session.exec(select(User.id).where(User.role == Role.SUPER_ADMIN).limit(1)).first() is not None


def fold_email(email: str) -> str:
    """The form in which an email is stored and compared."""
    return email.strip().casefold()
