"""What a user may do, and whether they may come in at all; every change works from their next request or event on."""

from sqlmodel import Session, col, select

from funmagic.accounts.notices import send_notice
from funmagic.accounts.tokens import revoke_tokens
from funmagic.accounts.users import create_user, find_user, prove_email, set_password
from funmagic.mail.service import MailKind
from funmagic.models.base import utcnow
from funmagic.models.users import Role, User
from funmagic.sessions.service import close_sessions, refresh_sessions


def make_admin(session: Session, email: str, *, role: Role, password_hash: str | None = None) -> User:
    """The user with this email as an admin, made when there is none; with a hash, that is their password now.

    Whoever works on the server's command line vouches for the email, so what was set up before its first proof goes.
    Raises EmailTaken for somebody who is banned.
    """
    user = find_user(session, email)
    is_known = user is not None
    if user is None:
        user = create_user(session, email=email, name="Admin", is_verified=True)
    prove_email(session, user, tells_owner=password_hash is None)
    if password_hash is not None:
        set_password(session, user, password_hash)
        close_sessions(session, user.id)
        if is_known:
            send_notice(session, user, MailKind.PASSWORD_CHANGED)
    change_role(session, user, role)
    return user


def change_role(session: Session, user: User, role: Role) -> None:
    """Give a user this role."""
    user.role = role
    refresh_sessions(session, user.id)


def ban_user(session: Session, user: User) -> None:
    """Shut a user out: their sessions end, and no way in works."""
    user.banned_at = utcnow()
    close_sessions(session, user.id)
    revoke_tokens(session, user.id)


def unban_user(user: User) -> None:
    """Let a user in again."""
    user.banned_at = None


def has_super_admin(session: Session) -> bool:
    """Whether somebody can already run everything."""
    return session.exec(select(User.id).where(col(User.role) == Role.SUPER_ADMIN).limit(1)).first() is not None
