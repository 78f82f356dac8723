"""Stripe's objects as its API shows them, in the version of the SDK that is installed."""

import secrets
import time
from typing import Any

from stripe._api_version import _ApiVersion

API_VERSION = _ApiVersion.CURRENT
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
WITHOUT_CENTS = {"jpy", "krw", "vnd", "clp", "xaf", "xof", "pyg", "ugx"}
METHODS = {"card": {"brand": "visa", "last4": "4242"}, "us_bank_account": {"bank_name": "Test Bank", "last4": "6789"}}
Thing = dict[str, Any]


def new_id(prefix: str, length: int = 24) -> str:
    """An id like Stripe's."""
    return f"{prefix}_" + "".join(secrets.choice(ALPHABET) for _ in range(length))


def price(amount: int, currency: str) -> str:
    """An amount for people: 1,234.50 EUR."""
    return f"{amount:,} {currency.upper()}" if currency in WITHOUT_CENTS else f"{amount / 100:,.2f} {currency.upper()}"


def customer(params: Thing) -> Thing:
    """A customer with these parameters."""
    given = ("address", "description", "email", "name", "phone", "shipping")
    return {
        **_common("cus", "customer", 14),
        **{name: params.get(name) or None for name in given},
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
        "metadata": params.get("metadata") or {},
        "preferred_locales": params.get("preferred_locales", []),
        "tax_exempt": params.get("tax_exempt", "none"),
        "test_clock": None,
    }


def buyer(email: str) -> Thing:
    """What a session knows of the person who paid."""
    unknown = dict.fromkeys(("address", "name", "phone", "business_name", "individual_name"))
    return {**unknown, "email": email, "tax_exempt": "none", "tax_ids": []}


def session(params: Thing, amount: int, currency: str, expires_at: int) -> Thing:
    """An open checkout session for so much; the caller gives it its url."""
    given = ("cancel_url", "client_reference_id", "customer", "customer_email", "locale", "submit_type", "success_url")
    invoice = params.get("invoice_creation", {}).get("enabled") == "true"
    return {
        **_common("cs_test", "checkout.session", 58),
        **{name: params.get(name) for name in given},
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "client_secret": None,
        "currency": currency,
        "custom_fields": [],
        "customer_creation": None if params.get("customer") else params.get("customer_creation", "if_required"),
        "customer_details": buyer(params["customer_email"]) if "customer_email" in params else None,
        "expires_at": expires_at,
        "invoice": None,
        "invoice_creation": {"enabled": invoice, "invoice_data": {}},
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": params.get("allowed_payment_method_types", list(METHODS)),
        "payment_status": "unpaid",
        "recovered_from": None,
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }


def line_item(params: Thing, product: Thing) -> tuple[Thing, Thing]:
    """What one line of a session buys, and the price that its `price_data` made."""
    data = params["price_data"]
    each, quantity = int(data["unit_amount"]), int(params["quantity"])
    made = {
        **_common("price", "price"),
        "active": False,
        "billing_scheme": "per_unit",
        "currency": data["currency"],
        "metadata": {},
        "product": product["id"],
        "recurring": None,
        "type": "one_time",
        "unit_amount": each,
        "unit_amount_decimal": str(each),
    }
    line = {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": each * quantity,
        "amount_tax": 0,
        "amount_total": each * quantity,
        "currency": data["currency"],
        "description": product["name"],
        "metadata": params.get("metadata", {}),
        "price": made,
        "quantity": quantity,
    }
    return line, made


def product(params: Thing) -> Thing:
    """The product that a line's `product_data` made."""
    described = {"name": params["name"], "description": params.get("description"), "images": params.get("images", [])}
    return {**_common("prod", "product", 14), **described, "active": False, "metadata": params.get("metadata", {})}


def payment_intent(of_session: Thing, data: Thing) -> Thing:
    """The payment of a session, not tried yet."""
    made = _common("pi", "payment_intent")
    return {
        **made,
        "amount": of_session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{made['id']}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "currency": of_session["currency"],
        "customer": of_session["customer"],
        "description": data.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "metadata": data.get("metadata", {}),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": data.get("receipt_email"),
        "setup_future_usage": data.get("setup_future_usage"),
        "statement_descriptor": data.get("statement_descriptor"),
        "status": "requires_payment_method",
        **_presentment(of_session),
    }


def charge(intent: Thing, status: str, email: str, base: str) -> Thing:
    """One try to pay; the intent's metadata is copied to it."""
    made, method = _common("ch", "charge"), intent["payment_method_types"][0]
    is_paid = status == "succeeded"
    return {
        **made,
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if is_paid else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": email, "name": None, "phone": None},
        "captured": True,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "metadata": dict(intent["metadata"]),
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": is_paid,
        "payment_intent": intent["id"],
        "payment_method": new_id("pm"),
        "payment_method_details": {"type": method, method: METHODS[method]},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{base}/receipts/{made['id']}",
        "refunded": False,
        "status": status,
        **_presentment(intent),
    }


def refund(of_charge: Thing, amount: int, reason: str | None, metadata: Thing, status: str) -> Thing:
    """A refund of so much of a charge."""
    return {
        **_common("re", "refund"),
        "amount": amount,
        "balance_transaction": None,
        "charge": of_charge["id"],
        "currency": of_charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": of_charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "pending_reason": "processing" if status == "pending" else None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def dispute(of_charge: Thing, amount: int, reason: str, currency: str = "", *, inquiry: bool = False) -> Thing:
    """A dispute of so much of a charge, or an inquiry about it; it has no metadata of the charge's."""
    due = {"due_by": int(time.time()) + 604_800, "has_evidence": False, "past_due": False, "submission_count": 0}
    card = {"brand": "visa", "case_type": "inquiry" if inquiry else "chargeback", "network_reason_code": "10.4"}
    return {
        **_common("du", "dispute"),
        "amount": amount,
        "balance_transactions": [],
        "charge": of_charge["id"],
        "currency": currency or of_charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": due,
        "is_charge_refundable": inquiry,
        "metadata": {},
        "payment_intent": of_charge["payment_intent"],
        "payment_method_details": {"card": card, "type": "card"},
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def adjustment(of_dispute: Thing, amount: int) -> Thing:
    """Money of a dispute that left the account at Stripe, or came back to it."""
    fee = 1500 if amount < 0 else 0
    return {
        **_common("txn", "balance_transaction"),
        "amount": amount,
        "currency": of_dispute["currency"],
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": of_dispute["id"],
        "status": "pending",
        "type": "adjustment",
    }


def invoice(of_session: Thing, of_charge: Thing, lines: list[Thing], data: Thing, base: str) -> Thing:
    """The paid invoice of a session."""
    made = _common("in", "invoice")
    total = of_session["amount_total"]
    return {
        **made,
        "amount_due": total,
        "amount_paid": total,
        "amount_remaining": 0,
        "currency": of_session["currency"],
        "customer": of_session["customer"],
        "description": data.get("description"),
        "hosted_invoice_url": of_charge["receipt_url"],
        "invoice_pdf": f"{base}/receipts/{of_charge['id']}",
        "lines": {"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{made['id']}/lines"},
        "metadata": data.get("metadata", {}),
        "number": f"{secrets.token_hex(4).upper()}-0001",
        "status": "paid",
        "total": total,
    }


def portal_session(params: Thing, base: str) -> Thing:
    """A way into the billing portal for one customer."""
    made = _common("bps", "billing_portal.session")
    described = {"configuration": "bpc_emulated", "flow": None, "locale": params.get("locale"), "on_behalf_of": None}
    return {
        **made,
        **described,
        "customer": params["customer"],
        "return_url": params.get("return_url"),
        "url": f"{base}/p/session/{made['id']}",
    }


def event(kind: str, thing: Thing, previous: Thing) -> Thing:
    """An event that says what happened to an object, and what of it was different before."""
    return {
        **_common("evt", "event"),
        "api_version": API_VERSION,
        "data": {"object": thing, **({"previous_attributes": previous} if previous else {})},
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def _presentment(thing: Thing) -> Thing:
    """What the buyer was shown, where it was not our currency."""
    return {name: dict(thing[name]) for name in ("presentment_details",) if thing.get(name)}


def _common(prefix: str, kind: str, length: int = 24) -> Thing:
    return {"id": new_id(prefix, length), "object": kind, "created": int(time.time()), "livemode": False}
