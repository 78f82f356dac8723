"""What people and admins see of credits over HTTP."""

from datetime import datetime

from funmagic.core.json import Shape
from funmagic.models.credits import TransactionType


class Balance(Shape):
    """A user's credits: owned, held by running tasks, and free to spend."""

    balance: int
    reserved: int
    available: int
    lifetime_purchased: int
    lifetime_used: int


class Transaction(Shape):
    """One line of a user's ledger."""

    id: str
    type: str
    amount: int
    reserved_delta: int
    balance_after: int
    reserved_after: int
    description: str
    task_id: str | None
    payment_id: str | None
    created_at: datetime


class TransactionPage(Shape):
    """Ledger lines, newest first."""

    transactions: list[Transaction]
    next_cursor: str | None


class Correction(Shape):
    """What was done: the ledger line that it is."""

    id: str
    type: TransactionType
    user_id: str
    task_id: str | None
    amount: int
    balance_after: int
    reserved_after: int
    description: str
    created_at: datetime
