"""Whose account a provider's word opens: one that was there before only if the provider vouches for the email."""

from sqlmodel import Session

from funmagic.accounts.errors import EmailTaken, LinkExpired
from funmagic.accounts.names import clean_name
from funmagic.accounts.notices import send_notice
from funmagic.accounts.service import find_or_create_proven, send_verification
from funmagic.accounts.users import create_user, find_user, load_signed_in, prove_email
from funmagic.core.errors import SignInRequired
from funmagic.i18n.translate import current_locale
from funmagic.mail.service import MailKind
from funmagic.models.users import User
from funmagic.oauth.connections import link, owner_of
from funmagic.oauth.errors import (
    AlreadyLinked,
    OAuthEmailMissing,
    OAuthEmailTaken,
    OAuthExpired,
    OAuthFailure,
    OAuthLinked,
)
from funmagic.oauth.exchange import Identity
from funmagic.oauth.providers import TITLES
from funmagic.sessions.viewer import Viewer


def enter(session: Session, identity: Identity) -> Viewer:
    """The user that somebody who came from a provider is, made when they are none; raises an OAuthFailure."""
    user = owner_of(session, identity.provider, identity.account_id)
    if user is None:
        was_there = bool(identity.email) and find_user(session, identity.email) is not None
        user = _find_or_create(session, identity)
        _link(session, user, identity, is_news=was_there)
    elif user.banned_at or user.deleted_at:
        raise OAuthFailure
    elif _vouches_for(identity, user):
        prove_email(session, user)
        _link(session, user, identity, is_news=False)  # a first proof has removed it with all the rest
    return Viewer.of(user)


def connect(session: Session, viewer: Viewer, identity: Identity, *, token: str | None) -> Viewer:
    """Let somebody's account at a provider open the viewer's, whose session has this token.

    Raises OAuthLinked when it opens another one, and OAuthExpired when the session has ended meanwhile.
    """
    try:
        user = load_signed_in(session, viewer, token)
    except SignInRequired:
        raise OAuthExpired from None
    _link(session, user, identity, is_news=True)
    if _vouches_for(identity, user):
        prove_email(session, user, keeps_access=True)
    return Viewer.of(user)


def _find_or_create(session: Session, identity: Identity) -> User:
    if not identity.email:
        raise OAuthEmailMissing
    if not identity.is_email_verified:
        return _create_unproven(session, identity)
    try:
        return find_or_create_proven(session, identity.email, name=_name(identity))
    except LinkExpired:
        # Made a moment ago in another tab; or shut out.
        user = find_user(session, identity.email)
        if user is None:
            raise OAuthFailure from None
    prove_email(session, user)
    return user


def _create_unproven(session: Session, identity: Identity) -> User:
    try:
        user = create_user(session, email=identity.email, name=_name(identity))
    except EmailTaken:
        raise OAuthEmailTaken from None
    user.locale = current_locale()
    send_verification(session, user)
    return user


def _name(identity: Identity) -> str:
    return clean_name(identity.name, otherwise=identity.email.partition("@")[0])


def _link(session: Session, user: User, identity: Identity, *, is_news: bool) -> None:
    try:
        is_added = link(session, user, identity.provider, identity.account_id)
    except AlreadyLinked:
        raise OAuthLinked from None
    if is_added and is_news:
        send_notice(session, user, MailKind.WAY_IN_ADDED, provider=TITLES[identity.provider])


def _vouches_for(identity: Identity, user: User) -> bool:
    return identity.is_email_verified and identity.email == user.email
