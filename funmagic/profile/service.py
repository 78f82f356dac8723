"""A user's own profile: what they see of themselves, their name, their preferences and their password."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from funmagic.accounts.passwords import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    hash_password,
    password_matches,
    refuse_common_password,
)
from funmagic.accounts.sessions import close_sessions, refresh_sessions
from funmagic.accounts.tokens import revoke_tokens
from funmagic.accounts.users import LONGEST_NAME, load_user, set_password
from funmagic.accounts.viewer import Viewer
from funmagic.db import reading, transaction
from funmagic.errors import InvalidInput, WrongPassword
from funmagic.models.users import Account, AccountProvider, TokenPurpose
from funmagic.profile.avatars import find_avatar_url
from funmagic.profile.email_change import find_pending_email
from funmagic.profile.preferences import CHOICES, DEFAULT_ACCENT


@dataclass(frozen=True)
class ProfileView:
    """A user as they see themselves; the avatar's address is good for an hour, and empty without one."""

    name: str
    email: str
    pending_email: str
    is_verified: bool
    avatar_url: str
    has_password: bool
    theme: str
    accent: str
    locale: str
    created_at: datetime


def get_profile(session: Session, viewer: Viewer) -> ProfileView:
    """The viewer's profile."""
    user = load_user(session, viewer)
    return ProfileView(
        name=user.name,
        email=user.email,
        pending_email=find_pending_email(session, user.id),
        is_verified=user.email_verified_at is not None,
        avatar_url=find_avatar_url(session, user),
        has_password=_find_password_hash(session, user.id) is not None,
        theme=user.theme,
        accent=user.accent or DEFAULT_ACCENT,
        locale=user.locale,
        created_at=user.created_at,
    )


def rename(session: Session, viewer: Viewer, name: str) -> None:
    """Call the viewer something else from now on; raises InvalidInput for a name that is empty or too long."""
    name = " ".join(name.split())
    # Neither can be stored everywhere: control characters, and halves of characters.
    is_odd = any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    if not name or len(name) > LONGEST_NAME or is_odd:
        raise InvalidInput(field="name")
    load_user(session, viewer).name = name
    refresh_sessions(session, viewer.id)


def set_preferences(
    session: Session, viewer: Viewer, *, theme: str | None = None, accent: str | None = None, locale: str | None = None
) -> None:
    """Remember what is given of how the viewer likes the site; raises InvalidInput for what there is not to choose."""
    wanted = {"theme": theme, "accent": accent, "locale": locale}
    chosen = {name: value for name, value in wanted.items() if value is not None}
    if wrong := [name for name, value in chosen.items() if value not in CHOICES[name]]:
        raise InvalidInput(fields=wrong)
    user = load_user(session, viewer)
    for name, value in chosen.items():
        setattr(user, name, value)


def change_password(viewer: Viewer, *, current: str | None, new: str, token: str | None) -> None:
    """Give the viewer a new password, and sign them out everywhere but in the browser with this token.

    Whoever has a password must know it. Raises WrongPassword, WeakPassword or InvalidInput.
    """
    if not MIN_PASSWORD <= len(new) <= MAX_PASSWORD:
        raise InvalidInput(field="new")
    refuse_common_password(new)
    with reading() as session:
        kept = _find_password_hash(session, viewer.id)
    if kept is not None and not password_matches((current or "")[:MAX_PASSWORD], kept):
        raise WrongPassword
    password_hash = hash_password(new)
    with transaction() as session:
        user = load_user(session, viewer, will_change=True)
        if _find_password_hash(session, user.id) != kept:
            raise WrongPassword
        set_password(session, user, password_hash)
        revoke_tokens(session, user.id, TokenPurpose.RESET_PASSWORD)
        close_sessions(session, user.id, but=token)


def _find_password_hash(session: Session, user_id: str) -> str | None:
    has_password = Account.user_id == user_id, Account.provider == AccountProvider.CREDENTIAL
    return session.exec(select(Account.password_hash).where(*has_password)).first()
