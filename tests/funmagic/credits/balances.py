"""What an account says, as tests compare it."""

from typing import NamedTuple

from funmagic.core.db import reading
from funmagic.models.credits import CreditAccount
from funmagic.sessions.viewer import Viewer


class Balances(NamedTuple):
    """The credits that a user owns, what of them is reserved, and how many they ever bought."""

    balance: int
    reserved: int = 0
    bought: int = 0


def balances_of(viewer: Viewer) -> Balances:
    """The figures of the viewer's account as it is now."""
    with reading() as session:
        account = session.get_one(CreditAccount, viewer.id)
        return Balances(account.balance, account.reserved, account.lifetime_purchased)
