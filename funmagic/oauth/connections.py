"""The ways into an account: its password, and the accounts at providers that are connected to it."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from funmagic.accounts.notices import send_notice
from funmagic.accounts.users import load_user
from funmagic.core.errors import NotFound
from funmagic.mail.service import MailKind
from funmagic.models.users import Account, User
from funmagic.oauth.errors import AlreadyLinked, LastWayIn
from funmagic.oauth.providers import TITLES, configured_providers
from funmagic.sessions.viewer import Viewer


@dataclass(frozen=True)
class Connection:
    """A provider, and whether the user can sign in with it; and whether that may be taken away."""

    provider: str
    title: str
    is_linked: bool
    can_unlink: bool


def list_connections(session: Session, viewer: Viewer) -> list[Connection]:
    """Every provider that is configured or connected, in the order in which people see them."""
    user = load_user(session, viewer)
    linked = _ways_in(session, user.id)
    shown = [provider for provider in TITLES if provider in configured_providers() or provider in linked]
    return [
        Connection(provider, TITLES[provider], provider in linked, provider in linked and _opens_without(user, linked))
        for provider in shown
    ]


def owner_of(session: Session, provider: str, account_id: str) -> User | None:
    """The user whom an account at a provider opens, also when they are banned."""
    owner = select(User).join(Account, col(Account.user_id) == User.id)
    return session.exec(owner.where(Account.provider == provider, Account.provider_account_id == account_id)).first()


def link(session: Session, user: User, provider: str, account_id: str) -> bool:
    """Let an account at a provider open this user's, and say whether it did not yet.

    Raises AlreadyLinked when it opens another one.
    """
    account = Account(user_id=user.id, provider=provider, provider_account_id=account_id)
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        owner = owner_of(session, provider, account_id)
        if owner is None or owner.id != user.id:
            raise AlreadyLinked(provider=TITLES[provider]) from None
        return False
    return True


def unlink(session: Session, viewer: Viewer, provider: str) -> None:
    """Take a way in away from the viewer's account; raises NotFound, or LastWayIn for the last one.

    A user with a proven email always has one more: a link mailed to it. An unproven one may be mistyped, or somebody
    else's, so it counts as no way in, and another must remain.
    """
    # Of two at once, neither may take the other for what remains.
    user = load_user(session, viewer, will_change=True)
    linked = _ways_in(session, user.id)
    if provider not in linked:
        raise NotFound
    if not _opens_without(user, linked):
        raise LastWayIn
    session.execute(sa.delete(Account).where(col(Account.user_id) == user.id, col(Account.provider) == provider))
    send_notice(session, user, MailKind.WAY_IN_REMOVED, provider=TITLES.get(provider, ""))


def _ways_in(session: Session, user_id: str) -> set[str]:
    return set(session.exec(select(Account.provider).where(Account.user_id == user_id)).all())


def _opens_without(user: User, linked: set[str]) -> bool:
    return user.email_verified_at is not None or len(linked) > 1
