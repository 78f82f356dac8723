"""What the ledger promises, once more, as plain Python that knows nothing of databases."""

from dataclasses import dataclass, field, replace

from funmagic.credits.errors import AlreadySettled, ImpossibleEntry, InsufficientCredits, KeyTaken, NothingReserved

Refusal = type[Exception] | None


@dataclass(frozen=True)
class Account:
    """A user's figures."""

    balance: int = 0
    reserved: int = 0
    purchased: int = 0
    used: int = 0
    refunded: int = 0

    @property
    def is_possible(self) -> bool:
        """Whether an account may ever say so."""
        return 0 <= self.reserved <= self.balance and self.purchased >= 0 and 0 <= self.refunded <= self.used


@dataclass(frozen=True)
class Line:
    """One line of somebody's ledger; what it refers to is the task or the payment."""

    user: str
    type: str
    amount: int = 0
    held: int = 0
    refers_to: str | None = None
    actor: str | None = None
    description: str = ""
    balance_after: int = 0
    reserved_after: int = 0


@dataclass
class Books:
    """Accounts and lines; each operation returns what must be raised instead, or None."""

    accounts: dict[str, Account] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    def copy(self) -> "Books":
        """The same books, to be written on."""
        return Books(dict(self.accounts), dict(self.lines))

    def welcome(self, user: str, amount: int, *, person: str) -> Refusal:
        """Once per person; nothing is no line."""
        key = f"welcome:{person}"
        if amount and key not in self.lines:
            return self._write(key, Line(user, "welcome", amount, description="Welcome credits"))
        return None

    def enter(self, key: str, line: Line, *, bought: int = 0) -> Refusal:
        """A line of its own: once per type and key, for one user."""
        key = f"{line.type}:{key}"
        if key in self.lines:
            return None if self.lines[key].user == line.user else KeyTaken
        return self._write(key, line, bought=bought)

    def settle(self, holder: str, type_: str) -> Refusal:
        """Charge a hold (`usage`) or give it back (`release`), one of them, once."""
        hold, earlier = self.lines.get(f"reservation:{holder}"), self.lines.get(f"settle:{holder}")
        if hold is None:
            return NothingReserved
        if earlier is not None:
            return None if earlier.type == type_ else AlreadySettled
        charged = hold.held if type_ == "usage" else 0
        settlement = replace(hold, type=type_, amount=-charged, held=-hold.held)
        return self._write(f"settle:{holder}", settlement)

    def _write(self, key: str, line: Line, *, bought: int = 0) -> Refusal:
        before = self.accounts[line.user]
        after = Account(
            before.balance + line.amount,
            before.reserved + line.held,
            before.purchased + bought,
            before.used - (line.amount if line.type == "usage" else 0),
            before.refunded + (line.amount if line.type == "refund" else 0),
        )
        if not after.is_possible:
            return InsufficientCredits if line.amount < 0 or line.held > 0 else ImpossibleEntry
        self.accounts[line.user] = after
        self.lines[key] = replace(line, balance_after=after.balance, reserved_after=after.reserved)
        return None
