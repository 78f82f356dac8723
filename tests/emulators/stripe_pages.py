"""The pages of the emulated Stripe that a buyer sees: where they pay, the billing portal, and receipts."""

from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.emulators.stripe_account import StripeAccount
from tests.emulators.stripe_objects import price
from tests.emulators.stripe_params import Refusal

Thing = dict[str, Any]
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1f36; background: #f6f8fa; margin: 0 }
main { max-width: 26rem; margin: 3rem auto; padding: 1.5rem; background: #fff; border-radius: 8px;
  box-shadow: 0 1px 4px #0002 }
table { width: 100%; border-collapse: collapse } td, th { padding: .4rem 0; text-align: left }
td:last-child, th:last-child { text-align: right } tfoot { border-top: 1px solid #ddd }
button, input { font: inherit; width: 100%; padding: .6rem; margin: .3rem 0; box-sizing: border-box }
button { border: 1px solid #635bff; border-radius: 6px; background: #fff; color: #4b45c6; cursor: pointer }
button.main { background: #635bff; color: #fff } [role=alert] { color: #b3093c }
"""
GONE = {
    "complete": "You are all done here: this payment was sent.",
    "expired": "This page has expired. Go back to the shop and start again.",
}


class StripePages:
    """The pages of one account."""

    def __init__(self, account: StripeAccount) -> None:
        self.account = account
        self.routes = [
            Route("/c/pay/{id}", self._show_payment),
            Route("/c/pay/{id}", self._act, methods=["POST"]),
            Route("/p/session/{id}", self._show_portal),
            Route("/receipts/{id}", self._show_receipt),
        ]

    async def _show_payment(self, request: Request) -> Response:
        with self.account.lock:
            session = self._find("checkout.session", request)
            return _page("Not found", "", 404) if session is None else self._payment(session)

    async def _act(self, request: Request) -> Response:
        form = await request.form()
        session_id, action = request.path_params["id"], str(form.get("action", ""))
        email = str(form.get("email") or "buyer@example.com")
        try:
            if action in ("arrived", "failed"):
                session = self.account.settle(session_id, succeeded=action == "arrived")
                return self._payment(session)
            if action == "decline":
                session = self.account.decline(session_id, email)
                return self._payment(session, "Your card was declined. Try another one.", 402)
            if action == "later":
                session = self.account.pay_later(session_id, email)
            else:
                session = self.account.pay(session_id, email)
        except Refusal as refusal:
            return _page("Checkout", f"<p role=alert>{escape(str(refusal))}</p>", refusal.status)
        return RedirectResponse(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id), 303)

    async def _show_portal(self, request: Request) -> Response:
        with self.account.lock:
            portal = self._find("billing_portal.session", request)
            if portal is None:
                return _page("Not found", "", 404)
            customer = self.account.objects[portal["customer"]]
            rows = [
                self._row_of(charge) for charge in self.account.things("charge", customer=customer["id"], paid=True)
            ]
        table = f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else "<p>No invoices yet.</p>"
        back = _link(portal["return_url"], f"Return to {_host(portal['return_url'])}") if portal["return_url"] else ""
        who = escape(customer.get("email") or customer["id"])
        return _page("Billing", f"<p>{who}</p><h2>Invoice history</h2>{table}<p>{back}</p>")

    async def _show_receipt(self, request: Request) -> Response:
        with self.account.lock:
            charge = self._find("charge", request)
            if charge is None:
                return _page("Not found", "", 404)
            paid = price(charge["amount"], charge["currency"])
            refunded = price(charge["amount_refunded"], charge["currency"])
        given_back = f"<p>Refunded: {refunded}</p>" if charge["amount_refunded"] else ""
        return _page("Receipt", f"<p>Amount paid: {paid}</p>{given_back}<p>{escape(charge['id'])}</p>")

    def _find(self, kind: str, request: Request) -> Thing | None:
        found = self.account.objects.get(request.path_params["id"])
        return found if found is not None and found["object"] == kind else None

    def _payment(self, session: Thing, alert: str = "", status: int = 200) -> HTMLResponse:
        """The page of a session as it is now."""
        bought = self._bought(session)
        if session["status"] != "open":
            intent = self.account.objects.get(session["payment_intent"] or "", {})
            waiting = '<form method="post">' + _button("arrived", "Bank transfer arrives", is_main=True)
            waiting += _button("failed", "Bank transfer fails") + "</form>"
            form = waiting if intent.get("status") == "processing" else f"<p>{_ending(session, intent)}</p>"
            return _page("Checkout", bought + form)
        email = self.account.kept[session["id"]].get("email")
        field = '<label>Email <input type="email" name="email" value="buyer@example.com"></label>'
        form = f"<p>{escape(email)}</p>" if email else field
        form += _button("pay", "Pay", is_main=True)
        if session["payment_method_types"] != ["card"]:
            form += _button("later", "Pay by bank transfer")
        form += _button("decline", "Decline card")
        said = f"<p role=alert>{escape(alert)}</p>" if alert else ""
        back = f"<p>{_link(session['cancel_url'], 'Back')}</p>" if session["cancel_url"] else ""
        return _page("Checkout", f'{bought}{said}<form method="post">{form}</form>{back}', status)

    def _bought(self, session: Thing) -> str:
        currency = session["currency"]
        rows = "".join(
            f"<tr><td>{escape(line['description'])} × {line['quantity']}</td>"
            f"<td>{price(line['amount_total'], currency)}</td></tr>"
            for line in self.account.kept[session["id"]]["line_items"]
        )
        total = f"<tr><th>Total</th><th>{price(session['amount_total'], currency)}</th></tr>"
        return f"<table><tbody>{rows}</tbody><tfoot>{total}</tfoot></table>"

    def _row_of(self, charge: Thing) -> str:
        when = datetime.fromtimestamp(charge["created"], UTC).strftime("%-d %b %Y")
        state = "Paid"
        if charge["amount_refunded"]:
            state = "Refunded" if charge["refunded"] else "Partly refunded"
        link = _link(charge["receipt_url"], when)
        amount = price(charge["amount"], charge["currency"])
        return f"<tr><td>{link}</td><td>{state}</td><td>{amount}</td></tr>"


def _ending(session: Thing, intent: Thing) -> str:
    if session["status"] == "complete" and intent.get("status") == "requires_payment_method":
        return "The bank transfer failed: nothing was paid."
    return GONE[session["status"]]


def _page(title: str, content: str, status: int = 200) -> HTMLResponse:
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return HTMLResponse(f"{head}</head><body><main><h1>{title}</h1>{content}</main></body></html>", status)


def _button(action: str, label: str, *, is_main: bool = False) -> str:
    looks = ' class="main"' if is_main else ""
    return f'<button name="action" value="{action}"{looks}>{label}</button>'


def _link(address: str, label: str) -> str:
    return f'<a href="{escape(address)}">{escape(label)}</a>'


def _host(address: str) -> str:
    return urlsplit(address).netloc
