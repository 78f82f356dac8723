"""Money that goes back in the emulated Stripe: refunds, inquiries and disputes, and the events they make."""

import copy

from tests.emulators import stripe_objects as objects
from tests.emulators.stripe_params import Refusal
from tests.emulators.stripe_store import StripeStore, Thing

UNDONE = {"failed", "canceled"}
CHARGED_BACK = {"needs_response", "under_review", "lost"}
UNDECIDED = {"needs_response", "under_review", "warning_needs_response", "warning_under_review"}


class StripeReturns(StripeStore):
    """What the dashboard and the buyers' banks do with money that was paid."""

    def refund(
        self,
        payment: str,
        amount: int | None = None,
        reason: str | None = None,
        metadata: Thing | None = None,
        status: str = "succeeded",
    ) -> Thing:
        """Give back all that is left, or this much, of a session, payment intent or charge named by its id.

        Some ways to pay leave it `pending`, or `requires_action` of the buyer, until `finish_refund` or `fail_refund`.
        """
        with self.lock:
            charge = self.charge_of(payment)
            left = charge["amount"] - charge["amount_refunded"]
            asked = left if amount is None else amount
            if any(dispute["status"] in CHARGED_BACK for dispute in self.things("dispute", charge=charge["id"])):
                raise Refusal(f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed")
            if left == 0:
                raise Refusal(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
            if asked > left:
                much, little = (objects.price(cents, charge["currency"]) for cents in (asked, left))
                message = f"Refund amount ({much}) is greater than unrefunded amount on charge ({little})"
                raise Refusal(message, param="amount")
            refund = self.add(objects.refund(charge, asked, reason, metadata or {}, status))
            previous = self._refunded(charge, asked)
            self.emit("charge.refunded", charge, **previous)
            self.emit("refund.created", refund)
            return copy.deepcopy(refund)

    def finish_refund(self, refund_id: str) -> Thing:
        """A refund that was pending, or waited for the buyer, is done."""
        with self.lock:
            return self._move_refund(refund_id, {"pending", "requires_action"}, "succeeded")

    def cancel_refund(self, refund_id: str) -> Thing:
        """A refund that waits for the buyer is called off: the money is ours again."""
        with self.lock:
            return self._move_refund(refund_id, {"requires_action"}, "canceled")

    def fail_refund(self, refund_id: str, reason: str = "expired_or_canceled_card") -> Thing:
        """The bank sends a refund back: the money is ours again, and the charge counts it as not refunded."""
        with self.lock:
            self.find("refund", refund_id)["failure_reason"] = reason
            failed = self._move_refund(refund_id, {"pending", "requires_action", "succeeded"}, "failed")
            self.emit("refund.failed", failed)
            return failed

    def dispute(
        self,
        payment: str,
        amount: int | None = None,
        reason: str = "fraudulent",
        currency: str = "",
        inquiry: bool = False,
    ) -> Thing:
        """The buyer has their bank take back a charge, or only ask about it; the money leaves with a dispute.

        The amount may be in another currency than the charge's: the one that the buyer was shown.
        """
        with self.lock:
            charge = self.charge_of(payment)
            if any(known["status"] in UNDECIDED for known in self.things("dispute", charge=charge["id"])):
                raise Refusal("This charge is disputed already.")
            charge["disputed"] = True
            dispute = objects.dispute(charge, amount or charge["amount"], reason, currency, inquiry=inquiry)
            if inquiry:
                self.add(dispute, "charge.dispute.created")
            else:
                self._move_money(dispute, -dispute["amount"])
                self.add(dispute, "charge.dispute.created")
                self.emit("charge.dispute.funds_withdrawn", dispute)
            return copy.deepcopy(dispute)

    def answer_dispute(self, dispute_id: str) -> Thing:
        """The shop sends its evidence: the bank looks at it."""
        with self.lock:
            dispute = self.find("dispute", dispute_id)
            if not dispute["status"].endswith("needs_response"):
                raise Refusal("This dispute needs no response.")
            status = dispute["status"].replace("needs_response", "under_review")
            return self._move_dispute(dispute, status, "charge.dispute.updated")

    def close_inquiry(self, dispute_id: str) -> Thing:
        """The bank asks no more; no money has moved."""
        with self.lock:
            dispute = self.find("dispute", dispute_id)
            if not dispute["status"].startswith("warning_"):
                raise Refusal("This is no inquiry.")
            return self._move_dispute(dispute, "warning_closed", "charge.dispute.closed")

    def escalate(self, dispute_id: str) -> Thing:
        """An inquiry, closed or not, becomes a dispute, and the money leaves."""
        with self.lock:
            dispute = self.find("dispute", dispute_id)
            if not dispute["status"].startswith("warning_"):
                raise Refusal("This is no inquiry.")
            self._move_money(dispute, -dispute["amount"])
            moved = self._move_dispute(dispute, "needs_response", "charge.dispute.updated")
            self.emit("charge.dispute.funds_withdrawn", dispute)
            return moved

    def close_dispute(self, dispute_id: str, won: bool) -> Thing:
        """The bank decides a dispute: for us, and the money comes back, or against us."""
        with self.lock:
            dispute = self.find("dispute", dispute_id)
            if dispute["status"] not in UNDECIDED:
                raise Refusal("This dispute is already closed.")
            if won:
                self._move_money(dispute, dispute["amount"])
            closed = self._move_dispute(dispute, "won" if won else "lost", "charge.dispute.closed")
            if won:
                self.emit("charge.dispute.funds_reinstated", dispute)
            return closed

    def reinstate(self, dispute_id: str, amount: int | None = None) -> Thing:
        """The money of a lost dispute comes back, and with all of it the dispute is won after all."""
        with self.lock:
            dispute = self.find("dispute", dispute_id)
            if dispute["status"] != "lost":
                raise Refusal("This dispute was not lost.")
            self._move_money(dispute, amount or dispute["amount"])
            if amount is None:
                self._move_dispute(dispute, "won", "charge.dispute.updated")
            self.emit("charge.dispute.funds_reinstated", dispute)
            return copy.deepcopy(dispute)

    def _move_refund(self, refund_id: str, movable: set[str], status: str) -> Thing:
        refund = self.find("refund", refund_id)
        before, charge = refund["status"], self.objects[refund["charge"]]
        if before not in movable:
            raise Refusal(f"This refund has a status of {before}.")
        refund["status"] = status
        if status in UNDONE:
            self.emit("charge.updated", charge, **self._refunded(charge, -refund["amount"]))
        if charge["payment_method_details"]["type"] != "card":
            self.emit("charge.refund.updated", refund, status=before)
        self.emit("refund.updated", refund, status=before)
        return copy.deepcopy(refund)

    def _move_dispute(self, dispute: Thing, status: str, event: str) -> Thing:
        before, dispute["status"] = dispute["status"], status
        self.emit(event, dispute, status=before)
        return copy.deepcopy(dispute)

    def _move_money(self, dispute: Thing, amount: int) -> None:
        dispute["balance_transactions"].append(objects.adjustment(dispute, amount))

    def _refunded(self, charge: Thing, amount: int) -> Thing:
        """Count this much more, or less, as refunded; gives what the charge said before."""
        before = {name: charge[name] for name in ("amount_refunded", "refunded")}
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        return before
