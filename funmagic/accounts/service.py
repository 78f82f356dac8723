"""Signing up and in: with a password, or with a link in a mail. What may be known of an email is never said."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from funmagic import paths
from funmagic.accounts import tokens
from funmagic.accounts.email_change import find_pending_email
from funmagic.accounts.errors import EmailTaken, InvalidCredentials, LinkExpired
from funmagic.accounts.notices import send_notice
from funmagic.accounts.passwords import check_password, hash_password, refuse_common_password
from funmagic.accounts.tokens import digest
from funmagic.accounts.users import create_user, find_user, prove_email, replace_hash, set_password
from funmagic.core.db import reading, transaction
from funmagic.core.emails import canonical_email, read_email
from funmagic.core.links import mailed_link, public_url
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import current_locale
from funmagic.mail.service import MailKind, may_mail, send_mail
from funmagic.models.users import Account, AccountProvider, OneTimeToken, TokenPurpose, User
from funmagic.sessions.service import close_sessions
from funmagic.sessions.viewer import Viewer


@dataclass(frozen=True)
class Entrance:
    """Who came in, and where they were going."""

    viewer: Viewer
    next_url: str


@dataclass(frozen=True)
class Known:
    """Who knows their password, and the hash that it fits."""

    viewer: Viewer
    password_hash: str


def sign_up(email: str, password: str, name: str, *, browser_key: str = "") -> Viewer | None:
    """Make a user and mail them a link that proves their email.

    Where emails must be proved, taken and free ones look alike: None, and a mail tells the rest. Elsewhere a taken one
    raises EmailTaken. Raises WeakPassword, EmailRefused or NameRefused as well.
    """
    refuse_common_password(password)
    password_hash = hash_password(password)
    try:
        with transaction() as session:
            user = create_user(session, email=email, name=name, password_hash=password_hash)
            user.locale = current_locale()
            send_verification(session, user, browser_key=browser_key)
    except EmailTaken:
        if not get_settings().verifies_emails:
            raise
        with transaction() as session:
            _mail_existing_account(session, email)
        return None
    return None if get_settings().verifies_emails else Viewer.of(user)


def sign_in(email: str, password: str) -> Known:
    """The user whose email and password these are; raises InvalidCredentials, whatever the reason."""
    with reading() as session:
        found = session.exec(
            select(User, Account.password_hash)
            .join(Account, col(Account.user_id) == User.id)
            .where(Account.provider == AccountProvider.CREDENTIAL, User.email == canonical_email(email))
            .where(col(User.banned_at).is_(None), col(User.deleted_at).is_(None))
        ).first()
    user, password_hash = found or (None, None)
    verdict = check_password(password, password_hash)
    if not verdict.is_right or user is None or password_hash is None:
        raise InvalidCredentials
    if verdict.is_outdated:
        old_hash = password_hash
        password_hash = hash_password(password)
        with transaction() as session:
            replace_hash(session, user.id, old_hash, password_hash)
    return Known(Viewer.of(user), password_hash)


def request_magic_link(session: Session, email: str, next_url: str) -> None:
    """Mail a link that signs in, and makes the account when there is none; raises EmailRefused."""
    email = read_email(email)
    if not may_mail(session, MailKind.MAGIC_LINK, email):
        return
    token = tokens.issue_token(session, TokenPurpose.MAGIC_LINK, email=email, data={"next": next_url})
    send_mail(session, MailKind.MAGIC_LINK, email, link=mailed_link(paths.API_MAGIC_LINK_VERIFY, token))


def peek_magic_link(session: Session, token: str) -> str:
    """The email a link signs in, without using it up; raises LinkExpired."""
    return tokens.peek_token(session, TokenPurpose.MAGIC_LINK, token).email


def find_old_destination(session: Session, token: str) -> str:
    """Where a link was leading that no longer works; empty when nobody knows."""
    link = tokens.find_spent_token(session, TokenPurpose.MAGIC_LINK, token)
    return str(link.data["next"]) if link else ""


def enter_by_magic_link(session: Session, token: str) -> Entrance:
    """Use a link up: its owner has proved their email, and is made a user when they are none. Raises LinkExpired."""
    link = tokens.use_token(session, TokenPurpose.MAGIC_LINK, token)
    user = find_or_create_proven(session, link.email)
    return Entrance(Viewer.of(user), link.data["next"])


def find_or_create_proven(session: Session, email: str, *, name: str = "") -> User:
    """The user whose email was just proved, made when there is none; raises LinkExpired for one who is shut out."""
    user = find_user(session, email)
    if user is None:
        try:
            user = create_user(session, email=email, name=name or email.partition("@")[0], is_verified=True)
        except EmailTaken:
            # Made by another request a moment ago, or shut out.
            user = find_user(session, email)
            if user is None:
                raise LinkExpired from None
        else:
            user.locale = current_locale()
    prove_email(session, user)
    return user


def send_verification(session: Session, user: User, *, browser_key: str = "") -> None:
    """Mail a link that proves the user's email; with the key of the browser that signed up, see `verify_email`."""
    if not may_mail(session, MailKind.VERIFY_EMAIL, user.email):
        return
    data = {"browserKey": digest(browser_key)} if browser_key else {}
    token = tokens.issue_token(session, TokenPurpose.VERIFY_EMAIL, email=user.email, user_id=user.id, data=data)
    link = mailed_link(paths.VERIFY_EMAIL, token)
    send_mail(session, MailKind.VERIFY_EMAIL, user.email, locale=user.locale, name=user.name, link=link)


def resend_verification(session: Session, viewer: Viewer) -> None:
    """Mail the link again, if it is still needed."""
    user = session.get_one(User, viewer.id)
    if user.email_verified_at is None:
        send_verification(session, user)


def verify_email(session: Session, token: str, *, viewer: Viewer | None, browser_key: str = "") -> Viewer:
    """Prove an email by a mailed link; raises LinkExpired.

    Somebody may have signed up with an email that is not theirs, and wait for its owner to prove it. So what was set up
    before stays only where the link is opened by who did it: in a browser that is signed in to this very account, or
    that signed up for it.
    """
    link = tokens.use_token(session, TokenPurpose.VERIFY_EMAIL, token)
    user = _live_user(session, link)
    is_own_session = viewer is not None and viewer.id == user.id
    is_own_browser = bool(browser_key) and link.data.get("browserKey") == digest(browser_key)
    prove_email(session, user, keeps_access=is_own_session or is_own_browser)
    return Viewer.of(user)


def request_password_reset(session: Session, email: str) -> None:
    """Mail a link to a new password; where there is no account, a mail that says so, and takes as long.

    Raises EmailRefused.
    """
    email = read_email(email)
    if not may_mail(session, MailKind.RESET_PASSWORD, email):
        return
    user = find_user(session, email)
    token = tokens.issue_token(session, TokenPurpose.RESET_PASSWORD, email=email, user_id=user.id if user else None)
    if user is None:
        send_mail(session, MailKind.NO_ACCOUNT, email, link=public_url(paths.LOGIN))
    else:
        link = mailed_link(paths.RESET_PASSWORD, token)
        send_mail(session, MailKind.RESET_PASSWORD, email, locale=user.locale, name=user.name, link=link)


def reset_password(token: str, password: str) -> Viewer:
    """Set a new password by a mailed link; every session ends, and every other mailed link.

    Raises LinkExpired or WeakPassword.
    """
    refuse_common_password(password)
    password_hash = hash_password(password)
    with transaction() as session:
        user = _live_user(session, tokens.use_token(session, TokenPurpose.RESET_PASSWORD, token))
        dropped_email = find_pending_email(session, user)
        prove_email(session, user, tells_owner=False)
        # Whoever had to do this wants nobody else's wishes to come true.
        tokens.revoke_tokens(session, user.id)
        set_password(session, user, password_hash)
        close_sessions(session, user.id)
        send_notice(session, user, MailKind.PASSWORD_CHANGED, dropped_email=dropped_email)
        return Viewer.of(user)


def _live_user(session: Session, link: OneTimeToken) -> User:
    """Whom a link is for; raises LinkExpired when they are gone, shut out, or have another email by now."""
    user = find_user(session, link.email)
    if user is None or user.id != link.user_id:
        raise LinkExpired
    return user


def _mail_existing_account(session: Session, email: str) -> None:
    user = find_user(session, email)
    if user is not None:
        link = public_url(paths.LOGIN)
        send_mail(session, MailKind.HAS_ACCOUNT, user.email, locale=user.locale, name=user.name, link=link)
