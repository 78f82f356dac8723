"""What people may know of their credits: the balance and the lines of the ledger."""

from sqlmodel import Session, col, select

from funmagic.core.json import decode_cursor, encode_cursor
from funmagic.credits.views import Balance, Transaction, TransactionPage
from funmagic.models.credits import CreditAccount, CreditTransaction, TransactionType
from funmagic.sessions.viewer import Viewer


def get_balance(session: Session, viewer: Viewer) -> Balance:
    """The viewer's credits."""
    account = session.exec(select(CreditAccount).where(CreditAccount.user_id == viewer.id)).one()
    return Balance(
        balance=account.balance,
        reserved=account.reserved,
        available=account.balance - account.reserved,
        lifetime_purchased=account.lifetime_purchased,
        lifetime_used=account.lifetime_used,
    )


def list_transactions(
    session: Session,
    viewer: Viewer,
    *,
    type_: TransactionType | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> TransactionPage:
    """The viewer's ledger lines, newest first."""
    query = select(CreditTransaction).where(CreditTransaction.user_id == viewer.id)
    if type_ is not None:
        query = query.where(CreditTransaction.type == type_)
    if before := decode_cursor(cursor):
        query = query.where(col(CreditTransaction.id) < before)
    rows = session.exec(query.order_by(col(CreditTransaction.id).desc()).limit(limit + 1)).all()
    return TransactionPage(
        transactions=[Transaction.model_validate(row) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None,
    )
