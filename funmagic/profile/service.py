"""A user's own profile: what they see of themselves, their name, their preferences and their password."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from funmagic.accounts.email_change import find_pending_email
from funmagic.accounts.errors import WrongPassword
from funmagic.accounts.names import read_name
from funmagic.accounts.notices import send_notice
from funmagic.accounts.passwords import has_fitting_length, hash_password, password_matches, refuse_common_password
from funmagic.accounts.tokens import revoke_tokens
from funmagic.accounts.users import find_password_hash, load_signed_in, load_user, set_password
from funmagic.core.db import reading, transaction
from funmagic.core.errors import InvalidInput
from funmagic.mail.service import MailKind
from funmagic.models.users import TokenPurpose
from funmagic.profile.avatars import find_avatar_url
from funmagic.profile.preferences import CHOICES, DEFAULT_ACCENT
from funmagic.sessions.service import close_sessions, refresh_sessions
from funmagic.sessions.viewer import Viewer


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
        pending_email=find_pending_email(session, user),
        is_verified=user.email_verified_at is not None,
        avatar_url=find_avatar_url(session, user),
        has_password=find_password_hash(session, user.id) is not None,
        theme=user.theme,
        accent=user.accent or DEFAULT_ACCENT,
        locale=user.locale,
        created_at=user.created_at,
    )


def rename(session: Session, viewer: Viewer, name: str) -> None:
    """Call the viewer something else from now on; raises NameRefused."""
    load_user(session, viewer).name = read_name(name)
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

    Whoever has a password must know it. A change of email that waits for agreement ends. Raises WrongPassword,
    WeakPassword, InvalidInput, or SignInRequired.
    """
    if not has_fitting_length(new):
        raise InvalidInput(field="new")
    refuse_common_password(new)
    with reading() as session:
        kept = find_password_hash(session, viewer.id)
    if kept is not None and not password_matches(current or "", kept):
        raise WrongPassword
    password_hash = hash_password(new)
    with transaction() as session:
        user = load_signed_in(session, viewer, token)
        if find_password_hash(session, user.id) != kept:
            raise WrongPassword
        set_password(session, user, password_hash)
        dropped_email = find_pending_email(session, user)
        # Whoever else was in has no wish left that could come true later.
        revoke_tokens(session, user.id, TokenPurpose.RESET_PASSWORD, TokenPurpose.LEAVE_EMAIL, TokenPurpose.CLAIM_EMAIL)
        close_sessions(session, user.id, but=token)
        kind = MailKind.PASSWORD_SET if kept is None else MailKind.PASSWORD_CHANGED
        send_notice(session, user, kind, dropped_email=dropped_email)
