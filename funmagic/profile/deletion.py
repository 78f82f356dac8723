"""Deleting an account: at once nobody comes in any more, then what runs ends, and everything personal is erased.

What a request that was still under way leaves behind, or a process that died in between, the clock erases.
"""

from datetime import timedelta
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.tokens import revoke_tokens
from funmagic.accounts.users import load_user
from funmagic.audit_log.service import forget_reasons
from funmagic.billing import payments
from funmagic.core.db import after_commit, reading, transaction
from funmagic.core.emails import canonical_email
from funmagic.credits import ledger
from funmagic.library.uploads import discard_assets
from funmagic.mail.service import MailKind
from funmagic.models.assets import Asset
from funmagic.models.base import db_time, utcnow
from funmagic.models.mails import OutgoingMail
from funmagic.models.tasks import ACTIVE_STATUSES, FailureCode, Task, TaskStep
from funmagic.models.users import Account, OneTimeToken, Role, TokenPurpose, User
from funmagic.profile.errors import LastSuperAdmin, WrongConfirmation
from funmagic.sessions.service import close_sessions
from funmagic.sessions.viewer import Viewer
from funmagic.tasks import lifecycle
from funmagic.tasks.dispatch import announce_end, stop_remote_jobs

# Stands where an email was; nothing is ever delivered there.
NOWHERE = "@deleted.invalid"
# By then everything that had begun before the account was deleted has ended.
STRAGGLERS_LAST = timedelta(hours=1)
STOPPING_LASTS_S = 60


def delete_account(viewer: Viewer, confirmation: str) -> None:
    """Delete the viewer's account: runs in progress end and give their credits back, and what is personal goes.

    `confirmation` is their own email. Raises WrongConfirmation, LastSuperAdmin, or SignInRequired for one who has gone
    already. It opens its own transactions, in an order in which nobody who works on a run or a file waits for another.
    """
    with transaction() as session:
        _shut(session, viewer, confirmation)
    _erase(viewer.id)


def erase_deleted_accounts() -> None:
    """Erase what was begun before an account was deleted and ended after it, or what a dead process left undone."""
    is_recent = col(User.deleted_at) > utcnow() - STRAGGLERS_LAST
    is_unfinished = sa.and_(col(User.deleted_at).is_not(None), col(User.email).not_like(f"%{NOWHERE}"))
    with reading() as session:
        user_ids = session.exec(select(User.id).where(sa.or_(is_recent, is_unfinished))).all()
    for user_id in user_ids:
        _erase(user_id)


def _shut(session: Session, viewer: Viewer, confirmation: str) -> None:
    super_admins = select(User.id).where(User.role == Role.SUPER_ADMIN, col(User.banned_at).is_(None))
    # Held until the end: of the last two who leave at the same moment one finds themselves alone.
    if session.exec(super_admins.order_by(col(User.id)).with_for_update(key_share=True)).all() == [viewer.id]:
        raise LastSuperAdmin
    user = load_user(session, viewer, will_change=True)
    if canonical_email(confirmation) != canonical_email(user.email):
        raise WrongConfirmation
    user.deleted_at = utcnow()
    user.role = Role.USER
    close_sessions(session, user.id)


def _erase(user_id: str) -> None:
    with reading() as session:
        running = select(Task.id).where(Task.user_id == user_id, col(Task.status).in_(ACTIVE_STATUSES))
        task_ids = session.exec(running).all()
    for task_id in task_ids:
        with transaction() as session:
            if lifecycle.cancel_task(session, task_id):
                after_commit(session, partial(announce_end, task_id))
                stop_remote_jobs(session, task_id)
    with transaction() as session:
        _erase_runs(session, user_id)
        _erase_person(session, session.get_one(User, user_id))


def _erase_runs(session: Session, user_id: str) -> None:
    discard_assets(session, col(Asset.user_id) == user_id)
    ended = sa.select(col(Task.id)).where(col(Task.user_id) == user_id, col(Task.status).not_in(ACTIVE_STATUSES))
    steps = sa.update(TaskStep).where(col(TaskStep.task_id).in_(ended))
    session.execute(steps.values(request={}, error=None))
    # Whoever stops a job at its provider needs to know which it is; a later sweep erases that.
    being_stopped = sa.select(col(Task.id)).where(
        col(Task.error_code) == FailureCode.CANCELLED, col(Task.finished_at) > db_time(-STOPPING_LASTS_S)
    )
    session.execute(steps.where(col(TaskStep.task_id).not_in(being_stopped)).values(response={}, provider_job_id=None))
    session.execute(
        sa.update(Task)
        .where(col(Task.id).in_(ended))
        .values(
            input={},
            output=sa.null(),
            # The browser chose it.
            idempotency_key=sa.literal("deleted:") + col(Task.id),
            request_hash="",
            deleted_at=utcnow(),
        )
    )
    ledger.forget_words(session, user_id)
    payments.forget_words(session, user_id)
    forget_reasons(session, user_id)


def _erase_person(session: Session, user: User) -> None:
    close_sessions(session, user.id)
    wanted = select(OneTimeToken.email).where(
        OneTimeToken.user_id == user.id, OneTimeToken.purpose == TokenPurpose.CLAIM_EMAIL
    )
    # The address they wanted may be somebody else's, whose other mails are none of ours.
    asked_it = sa.and_(col(OutgoingMail.recipient).in_(wanted), col(OutgoingMail.kind) == MailKind.CLAIM_EMAIL)
    session.execute(sa.delete(OutgoingMail).where(sa.or_(col(OutgoingMail.recipient) == user.email, asked_it)))
    session.execute(sa.delete(OneTimeToken).where(col(OneTimeToken.email) == user.email))
    revoke_tokens(session, user.id)
    session.execute(sa.delete(Account).where(col(Account.user_id) == user.id))
    user.email = f"{user.id}{NOWHERE}"
    user.name = ""
    user.email_verified_at = user.avatar_asset_id = user.stripe_customer_id = user.accent = None
    user.locale = "en"
    user.theme = "system"
