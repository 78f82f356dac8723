"""What happens to money in the emulated Stripe: payments, refunds, disputes, and the event that each of them makes.

The methods are what buyers, banks and the dashboard do; they may be called from any thread, and each is one step.
"""

import copy
import threading
import time
from collections import defaultdict
from typing import Any

from tests.emulators import stripe_objects as objects
from tests.emulators.stripe_params import Refusal, missing
from tests.emulators.stripe_webhooks import Webhooks

Thing = dict[str, Any]
CLOSED = {"won", "lost"}


class StripeAccount:
    """The objects of one account, by id in `objects`, and all events in `events`, the oldest first."""

    def __init__(self, webhooks: Webhooks) -> None:
        self.url = ""
        self.webhooks = webhooks
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Have no objects, and no events."""
        with self.lock:
            self.objects: dict[str, Thing] = {}
            self.events: list[Thing] = []
            # What a session was created with and does not show: line items, the metadata of its payment, its email.
            self.kept: dict[str, Thing] = defaultdict(dict)

    def find(self, kind: str, object_id: str) -> Thing:
        """The object of this kind, as it is now; refuses, as Stripe does, one that there is not."""
        found = self.objects.get(object_id)
        if found is None or found["object"] != kind:
            raise missing(kind, object_id)
        return found

    def things(self, kind: str, **wanted: Any) -> list[Thing]:
        """The objects of this kind with these values, the newest first."""
        with self.lock:
            return [
                thing
                for thing in reversed(self.objects.values())
                if thing["object"] == kind and all(thing.get(name) == value for name, value in wanted.items())
            ]

    def add(self, thing: Thing, event: str = "") -> Thing:
        """Keep a new object, and tell of it if there is an event for that."""
        with self.lock:
            self.objects[thing["id"]] = thing
            if event:
                self.emit(event, thing)
        return thing

    def emit(self, kind: str, thing: Thing, **previous: Any) -> Thing:
        """An event about the object as it is at this moment; it is sent, held or lost as the webhooks are told to."""
        with self.lock:
            event = objects.event(kind, copy.deepcopy(thing), previous)
            self.events.append(event)
            self.webhooks.send(event)
        return event

    def pay(self, session_id: str, email: str = "buyer@example.com") -> Thing:
        """Pay an open session by card. Gives the session, complete and paid."""
        with self.lock:
            session = self._open_session(session_id)
            intent = self._complete(session, email, "card")
            self._succeed(session, intent)
            self.emit("checkout.session.completed", session)
            return copy.deepcopy(session)

    def pay_later(self, session_id: str, email: str = "buyer@example.com") -> Thing:
        """Pay an open session by bank transfer: it is complete but unpaid until `settle` says how that went."""
        with self.lock:
            session = self._open_session(session_id)
            intent = self._complete(session, email, "us_bank_account")
            self.emit("charge.pending", self._charge(intent, "pending"))
            intent["status"] = "processing"
            self.emit("payment_intent.processing", intent)
            self.emit("checkout.session.completed", session)
            return copy.deepcopy(session)

    def settle(self, session_id: str, succeeded: bool = True) -> Thing:
        """The bank transfer of a session that was paid later arrives, or fails."""
        with self.lock:
            session = self.find("checkout.session", session_id)
            intent = self.objects.get(session["payment_intent"] or "", {})
            if intent.get("status") != "processing":
                raise Refusal("No bank transfer is on its way for this session.")
            if succeeded:
                self._succeed(session, intent)
                self.emit("checkout.session.async_payment_succeeded", session)
            else:
                self._fail(intent, self.objects[intent["latest_charge"]], "The bank transfer failed.")
                self.emit("checkout.session.async_payment_failed", session)
            return copy.deepcopy(session)

    def decline(self, session_id: str, email: str = "buyer@example.com") -> Thing:
        """The card of a buyer is declined: the session stays open, its payment wants another try."""
        with self.lock:
            session = self._open_session(session_id)
            intent = self._intent(session, "card", email)
            self._fail(intent, self._charge(intent, "pending"), "Your card was declined.")
            return copy.deepcopy(session)

    def expire(self, session_id: str) -> Thing:
        """The time of an open session is over."""
        with self.lock:
            session = self.find("checkout.session", session_id)
            if session["status"] != "open":
                message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
                raise Refusal(f"{message} This Checkout Session has a status of {session['status']}.")
            session |= {"status": "expired", "url": None}
            self.emit("checkout.session.expired", session)
            return copy.deepcopy(session)

    def refund(
        self, payment: str, amount: int | None = None, reason: str | None = None, metadata: Thing | None = None
    ) -> Thing:
        """Give back all that is left, or this much, of a session, payment intent or charge named by its id."""
        with self.lock:
            charge = self.charge_of(payment)
            left = charge["amount"] - charge["amount_refunded"]
            asked = left if amount is None else amount
            if charge["disputed"] and self._dispute_of(charge)["status"] != "won":
                raise Refusal(f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed")
            if left == 0:
                raise Refusal(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
            if asked > left:
                much, little = (objects.price(cents, charge["currency"]) for cents in (asked, left))
                message = f"Refund amount ({much}) is greater than unrefunded amount on charge ({little})"
                raise Refusal(message, param="amount")
            refund = self.add(objects.refund(charge, asked, reason, metadata or {}))
            previous = self._refunded(charge, asked)
            self.emit("charge.refunded", charge, **previous)
            self.emit("refund.created", refund)
            return copy.deepcopy(refund)

    def fail_refund(self, refund_id: str, reason: str = "expired_or_canceled_card") -> Thing:
        """The bank sends a refund back: the money is ours again, and the charge counts it as not refunded."""
        with self.lock:
            refund = self.find("refund", refund_id)
            if refund["status"] == "failed":
                raise Refusal("This refund has failed already.")
            refund |= {"status": "failed", "failure_reason": reason}
            previous = self._refunded(self.objects[refund["charge"]], -refund["amount"])
            self.emit("charge.updated", self.objects[refund["charge"]], **previous)
            self.emit("refund.updated", refund, status="succeeded")
            self.emit("refund.failed", refund, status="succeeded")
            return copy.deepcopy(refund)

    def dispute(self, payment: str, amount: int | None = None, reason: str = "fraudulent") -> Thing:
        """The buyer has their bank take back a charge: the money leaves until the dispute is closed."""
        with self.lock:
            charge = self.charge_of(payment)
            if charge["disputed"]:
                raise Refusal("This charge is disputed already.")
            charge["disputed"] = True
            dispute = self.add(objects.dispute(charge, amount or charge["amount"], reason), "charge.dispute.created")
            self.emit("charge.dispute.funds_withdrawn", dispute)
            return copy.deepcopy(dispute)

    def close_dispute(self, dispute_id: str, won: bool) -> Thing:
        """The bank decides a dispute: for us, and the money comes back, or against us."""
        with self.lock:
            dispute = self.find("dispute", dispute_id)
            if dispute["status"] in CLOSED:
                raise Refusal("This dispute is already closed.")
            dispute["status"] = "won" if won else "lost"
            self.emit("charge.dispute.closed", dispute, status="needs_response")
            if won:
                self.emit("charge.dispute.funds_reinstated", dispute)
            return copy.deepcopy(dispute)

    def charge_of(self, payment: str) -> Thing:
        """The charge that succeeded for a session, payment intent or charge named by its id."""
        thing = self.objects.get(payment, {})
        if thing.get("object") == "checkout.session":
            thing = self.objects.get(thing["payment_intent"] or "", {"object": "payment_intent"})
        if thing.get("object") == "payment_intent":
            thing = self.objects.get(thing.get("latest_charge") or "", {"object": "charge"})
        if thing.get("object") != "charge":
            raise missing("charge" if payment.startswith("ch_") else "payment_intent", payment)
        if thing.get("status") != "succeeded":
            raise Refusal(f"{payment} does not have a successful charge.", "charge_not_refundable")
        return thing

    def _open_session(self, session_id: str) -> Thing:
        session = self.find("checkout.session", session_id)
        if session["status"] == "open" and session["expires_at"] <= time.time():
            self.expire(session_id)
        if session["status"] != "open":
            raise Refusal(f"This Checkout Session is {session['status']}.")
        return session

    def _complete(self, session: Thing, email: str, method: str) -> Thing:
        """The payment of a session that its buyer has just sent off; the session is complete, and not paid yet."""
        kept = self.kept[session["id"]]
        email = kept.get("email") or email
        if session["customer"] is None and session["customer_creation"] == "always":
            session["customer"] = self.add(objects.customer({"email": email}), "customer.created")["id"]
        intent = self._intent(session, method, email)
        session |= {"status": "complete", "url": None, "customer_details": objects.buyer(email)}
        return intent

    def _intent(self, session: Thing, method: str, email: str) -> Thing:
        """The payment of a session, which keeps its id when the buyer tries again."""
        if session["payment_intent"]:
            intent = self.objects[session["payment_intent"]]
        else:
            data = self.kept[session["id"]].get("payment_intent_data", {})
            intent = self.add(objects.payment_intent(session, data), "payment_intent.created")
            session["payment_intent"] = intent["id"]
        intent |= {"payment_method_types": [method], "customer": session["customer"]}
        self.kept[intent["id"]]["email"] = email
        return intent

    def _charge(self, intent: Thing, status: str) -> Thing:
        email = self.kept[intent["id"]]["email"]
        charge = self.add(objects.charge(intent, status, email, self.url))
        intent |= {"latest_charge": charge["id"], "payment_method": charge["payment_method"]}
        return charge

    def _succeed(self, session: Thing, intent: Thing) -> None:
        if intent["status"] == "processing":
            charge = self.objects[intent["latest_charge"]]
            charge |= {"status": "succeeded", "paid": True, "amount_captured": charge["amount"]}
        else:
            charge = self._charge(intent, "succeeded")
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
        session["payment_status"] = "paid"
        self.emit("charge.succeeded", charge)
        self.emit("payment_intent.succeeded", intent)
        asked = self.kept[session["id"]].get("invoice_creation", {})
        if asked.get("enabled") == "true":
            lines = self.kept[session["id"]]["line_items"]
            invoice = objects.invoice(session, charge, lines, asked.get("invoice_data", {}), self.url)
            session["invoice"] = self.add(invoice, "invoice.paid")["id"]

    def _fail(self, intent: Thing, charge: Thing, message: str) -> None:
        charge |= {"status": "failed", "failure_code": "card_declined", "failure_message": message}
        error = {"type": "card_error", "code": "card_declined", "message": message, "charge": charge["id"]}
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)

    def _refunded(self, charge: Thing, amount: int) -> Thing:
        """Count this much more, or less, as refunded; gives what the charge said before."""
        before = {name: charge[name] for name in ("amount_refunded", "refunded")}
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        return before

    def _dispute_of(self, charge: Thing) -> Thing:
        return next(iter(self.things("dispute", charge=charge["id"])))
