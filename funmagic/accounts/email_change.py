"""Another email: it changes once all addresses that were asked have agreed, each by a link that was mailed to it."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from funmagic import paths
from funmagic.accounts.errors import EmailTaken, LinkExpired, WrongPassword
from funmagic.accounts.notices import send_notice
from funmagic.accounts.passwords import password_matches
from funmagic.accounts.tokens import digest, issue_token, revoke_tokens, use_token
from funmagic.accounts.users import find_password_hash, load_signed_in, prove_email
from funmagic.core.db import reading, transaction
from funmagic.core.emails import read_email
from funmagic.core.errors import InvalidInput, SignInRequired
from funmagic.core.links import mailed_link
from funmagic.credits import ledger
from funmagic.mail.service import MailKind, may_mail, send_mail
from funmagic.models.base import utcnow
from funmagic.models.users import OneTimeToken, TokenPurpose, User
from funmagic.sessions.service import close_sessions
from funmagic.sessions.viewer import Viewer

BOTH = (TokenPurpose.LEAVE_EMAIL, TokenPurpose.CLAIM_EMAIL)


@dataclass(frozen=True)
class EmailChange:
    """From which email to which, and who still has to agree: nobody once it is done."""

    old_email: str
    new_email: str
    waits_for: str

    @property
    def is_done(self) -> bool:
        """Whether the new email is the one in use."""
        return not self.waits_for


def request_email_change(
    viewer: Viewer, new_email: str, *, session_token: str | None, password: str | None = None
) -> None:
    """Mail a link to the viewer's own address and to the new one; an earlier change that waits is dropped.

    An own address that was never proved may be mistyped, and nobody there to agree: whoever gives their password needs
    only the new one. Whether anybody has the new email is not looked at: its owner is told when they agree. Raises
    InvalidInput for the email that the viewer has, EmailRefused, WrongPassword, or SignInRequired when their session
    has ended meanwhile.
    """
    new_email = read_email(new_email)
    known_hash = _find_fitting_hash(viewer, password)
    with transaction() as session:
        user = load_signed_in(session, viewer, session_token)
        # It is named in a mail to whoever has the other address: nothing that a mail program would make a link of.
        if new_email == user.email or "/" in new_email:
            raise InvalidInput(field="email")
        asked = [(TokenPurpose.CLAIM_EMAIL, MailKind.CLAIM_EMAIL, new_email)]
        facts = {"name": user.name, "new_email": new_email}
        if user.email_verified_at is not None or password is None:
            asked.insert(0, (TokenPurpose.LEAVE_EMAIL, MailKind.LEAVE_EMAIL, user.email))
            facts["old_email"] = user.email
        elif known_hash is None or find_password_hash(session, user.id) != known_hash:
            raise WrongPassword
        if not all(may_mail(session, kind, address) for _, kind, address in asked):
            return
        revoke_tokens(session, user.id, *BOTH)
        for purpose, kind, address in asked:
            link = mailed_link(paths.PROFILE_EMAIL, issue_token(session, purpose, email=address, user_id=user.id))
            send_mail(session, kind, address, locale=user.locale, link=link, **facts)


def peek_email_change(session: Session, token: str) -> EmailChange:
    """What a link is about, without using it up; raises LinkExpired."""
    link = _find_link(session, token)
    return _describe(session, session.get_one(User, link.user_id))


def confirm_email_change(token: str, *, viewer: Viewer | None, session_token: str | None = None) -> EmailChange:
    """Agree by a mailed link; when all that were asked have, the email changes and all other sessions end.

    The new address agrees where its account is signed in, so that nobody is talked into lending theirs to a stranger's
    account; and so does an old one that was never proved, which somebody else may have given. Raises LinkExpired,
    SignInRequired, or EmailTaken when somebody else has the new email.
    """
    with transaction() as session:
        link = _find_link(session, token)
        is_own_session = viewer is not None and viewer.id == link.user_id
        if link.user_id is None:
            raise LinkExpired
        # First, as a run that ends holds it: the proof of an email may bring credits, and in the other order the two
        # could wait for each other.
        ledger.lock_available(session, link.user_id)
        # Held until the end: of two who agree at the same moment the second sees the first.
        user = session.exec(select(User).where(User.id == link.user_id).with_for_update()).one()
        if user.banned_at or user.deleted_at:
            raise LinkExpired
        is_vouched_for = link.purpose == TokenPurpose.LEAVE_EMAIL and user.email_verified_at is not None
        if not is_own_session and not is_vouched_for:
            raise SignInRequired
        use_token(session, TokenPurpose(link.purpose), token)
        if link.purpose == TokenPurpose.LEAVE_EMAIL:
            prove_email(session, user, keeps_access=True)
        change = _describe(session, user)
        if link.purpose == TokenPurpose.CLAIM_EMAIL:
            _refuse_taken(session, change.new_email)
        if change.is_done:
            _change(session, user, change.new_email)
            close_sessions(session, user.id, but=session_token)
        return change


def find_pending_email(session: Session, user: User) -> str:
    """The email that a user wants and does not have yet; empty without one."""
    try:
        return _describe(session, user).new_email
    except LinkExpired:
        return ""


def _find_fitting_hash(viewer: Viewer, password: str | None) -> str | None:
    """The hash of the viewer's password, if this is it; in no transaction, as it takes its time."""
    if password is None:
        return None
    with reading() as session:
        kept = find_password_hash(session, viewer.id)
    return kept if kept is not None and password_matches(password, kept) else None


def _find_link(session: Session, token: str) -> OneTimeToken:
    is_good = col(OneTimeToken.used_at).is_(None), col(OneTimeToken.expires_at) > utcnow()
    query = select(OneTimeToken).where(OneTimeToken.token_hash == digest(token), *is_good)
    link = session.exec(query.where(col(OneTimeToken.purpose).in_(BOTH))).first()
    if link is None:
        raise LinkExpired
    return link


def _describe(session: Session, user: User) -> EmailChange:
    """A user's wish, by its links, used or not; raises LinkExpired when it is too old.

    With only one of them it ends with the proof of the old email, whose owner was not asked.
    """
    query = select(OneTimeToken).where(OneTimeToken.user_id == user.id, col(OneTimeToken.expires_at) > utcnow())
    links = {link.purpose: link for link in session.exec(query.where(col(OneTimeToken.purpose).in_(BOTH)))}
    leave, claim = (links.get(purpose) for purpose in BOTH)
    if claim is None or (leave is None and user.email_verified_at is not None):
        raise LinkExpired
    waits_for = next((link.email for link in (leave, claim) if link and link.used_at is None), "")
    return EmailChange(old_email=user.email, new_email=claim.email, waits_for=waits_for)


def _change(session: Session, user: User, new_email: str) -> None:
    old_email = user.email
    was_proved = user.email_verified_at is not None
    user.email = new_email
    if was_proved:
        user.email_verified_at = utcnow()
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise EmailTaken from None
    if not was_proved:
        prove_email(session, user, keeps_access=True)
    revoke_tokens(session, user.id)
    send_notice(session, user, MailKind.EMAIL_CHANGED, old_email=old_email, new_email=new_email)
    # An address that was never proved may be a stranger's: they learn of no other.
    known = {"new_email": new_email} if was_proved else {}
    send_notice(session, user, MailKind.EMAIL_LEFT, to=old_email, old_email=old_email, **known)


def _refuse_taken(session: Session, email: str) -> None:
    if session.exec(select(User.id).where(User.email == email)).first() is not None:
        raise EmailTaken
