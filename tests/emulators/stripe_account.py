"""What happens to money in the emulated Stripe: payments, and, with `StripeReturns`, what goes back of them.

The methods are what buyers, banks and the dashboard do; they may be called from any thread, and each is one step.
"""

import copy
import time

from tests.emulators import stripe_objects as objects
from tests.emulators.stripe_params import Refusal
from tests.emulators.stripe_returns import StripeReturns
from tests.emulators.stripe_store import Thing


class StripeAccount(StripeReturns):
    """One account: buyers pay its sessions."""

    def show_in(self, session_id: str, currency: str, amount: int) -> Thing:
        """The buyer sees the price of an open session in their own currency, and pays in it: Adaptive Pricing."""
        with self.lock:
            session = self._open_session(session_id)
            session["presentment_details"] = {"presentment_amount": amount, "presentment_currency": currency}
            return copy.deepcopy(session)

    def convert_to(self, session_id: str, currency: str, amount: int) -> Thing:
        """The same for sessions of before 2025: all amounts are in the buyer's currency, and ours beside them."""
        with self.lock:
            session = self._open_session(session_id)
            session["currency_conversion"] = {
                "amount_subtotal": session["amount_subtotal"],
                "amount_total": session["amount_total"],
                "fx_rate": f"{amount / session['amount_total']:.6f}",
                "source_currency": session["currency"],
            }
            session |= {"currency": currency, "amount_total": amount, "amount_subtotal": amount}
            return copy.deepcopy(session)

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
