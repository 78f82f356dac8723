"""How much of a payment went back, from what Stripe says in any order, any number of times."""

from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True)
class RefundFacts:
    """What was heard so far: the newest sum of all refunds and when it was true, and the refunds that failed.

    Stripe tells the sum with each refund, and not when one fails on its way back: those that failed since are taken
    off it. Times are Stripe's, in whole seconds.
    """

    sum_cents: int = 0
    sum_at: int = 0
    # By the refund's id: its cents, and when it failed.
    failed: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def load(cls, kept: dict[str, Any]) -> Self:
        """Read the facts as `dump` made them; an empty object is that nothing was heard."""
        failed = {id_: (cents, at) for id_, (cents, at) in kept.get("failed", {}).items()}
        return cls(kept.get("sumCents", 0), kept.get("sumAt", 0), failed)

    def dump(self) -> dict[str, Any]:
        """The facts as JSON."""
        return {
            "sumCents": self.sum_cents,
            "sumAt": self.sum_at,
            "failed": {k: list(v) for k, v in self.failed.items()},
        }

    def with_sum(self, cents: int, at: int) -> Self:
        """Hear that so much had gone back by then; of two sums of one second the larger is the later."""
        if (at, cents) <= (self.sum_at, self.sum_cents):
            return self
        return replace(self, sum_cents=cents, sum_at=at)

    def with_failure(self, refund_id: str, cents: int, at: int) -> Self:
        """Hear that a refund failed then."""
        if refund_id in self.failed:
            return self
        return replace(self, failed={**self.failed, refund_id: (cents, at)})

    @property
    def refunded_cents(self) -> int:
        """How much the buyer has back."""
        return max(0, self.sum_cents - sum(cents for cents, at in self.failed.values() if at >= self.sum_at))
