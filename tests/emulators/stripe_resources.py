"""What each path of the emulated Stripe's API does to the account: `answer` finds it and does it."""

import copy
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from stripe.params import CustomerCreateParams, CustomerUpdateParams, RefundCreateParams
from stripe.params.billing_portal import SessionCreateParams as PortalCreateParams
from stripe.params.checkout import SessionCreateParams

from tests.emulators import stripe_objects as objects
from tests.emulators.stripe_account import StripeAccount
from tests.emulators.stripe_expand import expand, list_of
from tests.emulators.stripe_params import Refusal, check, merge_metadata, missing, whole_number

Thing = dict[str, Any]
SHORTEST_S, LONGEST_S = 1_800, 86_400
LEAST, MOST = 50, 99_999_999
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
KINDS = {
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "customers": "customer",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "invoices": "invoice",
    "products": "product",
    "prices": "price",
    "events": "event",
}
# Parameters of Stripe's that change what is paid, or how: what the emulator does not do must not pass for done.
NOT_EMULATED = (
    "automatic_tax",
    "discounts",
    "optional_items",
    "shipping_options",
    "setup_intent_data",
    "subscription_data",
    "currency",
)


class StripeResources:
    """The paths of the API; each is a function of the parameters, and of the ids in the path."""

    def __init__(self, account: StripeAccount) -> None:
        self.account = account
        self._paths: list[tuple[str, re.Pattern[str], Callable[..., Thing]]] = []
        for path, action in {
            "POST customers": self._create_customer,
            "POST customers/{id}": self._update_customer,
            "DELETE customers/{id}": self._delete_customer,
            "POST checkout/sessions": self._create_session,
            "POST checkout/sessions/{id}/expire": lambda _, session_id: account.expire(session_id),
            "GET checkout/sessions/{id}/line_items": self._list_lines,
            "POST refunds": self._create_refund,
            "POST refunds/{id}/cancel": lambda _, refund_id: account.cancel_refund(refund_id),
            "POST disputes/{id}/close": lambda _, dispute_id: account.close_dispute(dispute_id, won=False),
            "POST billing_portal/sessions": self._create_portal_session,
            "GET account": lambda _: {"id": "acct_emulated", "object": "account", "charges_enabled": True},
            "GET balance": lambda _: {"object": "balance", "available": [], "pending": [], "livemode": False},
        }.items():
            self._add(path, action)
        for plural, kind in KINDS.items():
            self._add(f"GET {plural}", lambda params, kind=kind, url=plural: self._list(kind, url, params))
            self._add(f"GET {plural}/{{id}}", lambda _, object_id, kind=kind: self._retrieve(kind, object_id))

    def answer(self, method: str, path: str, params: Thing) -> Thing:
        """What Stripe answers to this request, with what it asks to be expanded."""
        for verb, pattern, action in self._paths:
            match = pattern.fullmatch(path)
            if match and verb == method:
                wanted = params.pop("expand", [])
                with self.account.lock:
                    return expand(self.account, copy.deepcopy(action(params, *match.groups())), wanted)
        raise Refusal(f"Unrecognized request URL ({method}: {path}).", status=404)

    def _add(self, path: str, action: Callable[..., Thing]) -> None:
        verb, _, place = path.partition(" ")
        self._paths.append((verb, re.compile("/v1/" + place.replace("{id}", "([^/]+)")), action))

    def _create_customer(self, params: Thing) -> Thing:
        check(params, CustomerCreateParams)
        _check_email(params, "email")
        return self.account.add(objects.customer(params), "customer.created")

    def _update_customer(self, params: Thing, customer_id: str) -> Thing:
        check(params, CustomerUpdateParams)
        _check_email(params, "email")
        customer = self._customer(customer_id, "id", 404)
        given = {name: value or None for name, value in params.items() if name in customer and name != "metadata"}
        metadata = merge_metadata(customer["metadata"], params["metadata"]) if "metadata" in params else None
        customer |= given | ({} if metadata is None else {"metadata": metadata})
        self.account.emit("customer.updated", customer)
        return customer

    def _delete_customer(self, _params: Thing, customer_id: str) -> Thing:
        customer = self._customer(customer_id, "id", 404)
        self.account.emit("customer.deleted", customer)
        deleted = {"id": customer_id, "object": "customer", "deleted": True}
        return self.account.add(deleted)

    def _create_session(self, params: Thing) -> Thing:
        check(params, SessionCreateParams)
        _check_session(params)
        if "customer" in params:
            self._customer(params["customer"], "customer", 400)
        lines = [self._create_line(line, number) for number, line in enumerate(params["line_items"])]
        if len({line["currency"] for line in lines}) > 1:
            raise Refusal("All line items must have the same currency.", param="line_items")
        amount, currency = sum(line["amount_total"] for line in lines), lines[0]["currency"]
        if amount < LEAST:
            least = objects.price(LEAST, currency)
            message = f"The Checkout Session's total amount due must add up to at least {least}"
            raise Refusal(message, "amount_too_small")
        if amount > MOST:
            most = objects.price(MOST, currency)
            raise Refusal(f"The Checkout Session's total amount must be no more than {most}", "amount_too_large")
        session = objects.session(params, amount, currency, int(params.get("expires_at", time.time() + LONGEST_S)))
        session["url"] = f"{self.account.url}/c/pay/{session['id']}"
        self.account.kept[session["id"]] = {
            "line_items": lines,
            "payment_intent_data": params.get("payment_intent_data", {}),
            "invoice_creation": params.get("invoice_creation", {}),
            "email": params.get("customer_email") or self._email_of(params.get("customer")),
        }
        return self.account.add(session)

    def _create_line(self, params: Thing, number: int) -> Thing:
        _check_line(params, f"line_items[{number}]")
        data = params["price_data"]
        if "product" in data:
            product = self._referred("product", data["product"], f"line_items[{number}][price_data][product]")
        else:
            product = self.account.add(objects.product(data["product_data"]))
        line, price = objects.line_item(params, product)
        self.account.add(price)
        return line

    def _list_lines(self, _params: Thing, session_id: str) -> Thing:
        session = self.account.find("checkout.session", session_id)
        return list_of(self.account.kept[session["id"]]["line_items"], f"checkout/sessions/{session_id}/line_items")

    def _create_refund(self, params: Thing) -> Thing:
        check(params, RefundCreateParams)
        named = [name for name in ("payment_intent", "charge") if name in params]
        if len(named) != 1:
            message = "One of the following params should be provided for this request: payment_intent or charge."
            raise Refusal(message, "parameter_missing")
        self._referred(named[0], params[named[0]], named[0])
        amount = whole_number(params["amount"], "amount", least=1) if "amount" in params else None
        metadata = params.get("metadata") or {}
        return self.account.refund(params[named[0]], amount, params.get("reason"), metadata)

    def _create_portal_session(self, params: Thing) -> Thing:
        check(params, PortalCreateParams)
        if "customer" not in params:
            raise Refusal("Missing required param: customer.", "parameter_missing", "customer")
        self._customer(params["customer"], "customer", 400)
        _check_url(params, "return_url")
        return self.account.add(objects.portal_session(params, self.account.url))

    def _retrieve(self, kind: str, object_id: str) -> Thing:
        if kind == "event":
            for event in self.account.events:
                if event["id"] == object_id:
                    return event
        return self.account.find(kind, object_id)

    def _list(self, kind: str, url: str, params: Thing) -> Thing:
        limit = whole_number(params.pop("limit", "10"), "limit", least=1)
        after, created = params.pop("starting_after", None), params.pop("created", {})
        wanted = {name: value for name, value in params.items() if name != "ending_before"}
        for named in ("payment_intent", "charge"):
            if named in wanted:
                self._referred(named, wanted[named], named)
        things = self.account.events[::-1] if kind == "event" else self.account.things(kind)
        found = [
            thing
            for thing in things
            if not thing.get("deleted")
            and all(thing.get(name) == value for name, value in wanted.items())
            and _is_within(thing["created"], created)
        ]
        if after:
            ids = [thing["id"] for thing in found]
            if after not in ids:
                raise missing(kind, after, "starting_after", 400)
            found = found[ids.index(after) + 1 :]
        return list_of(found, url, min(limit, 100))

    def _customer(self, customer_id: str, param: str, status: int) -> Thing:
        customer = self.account.objects.get(customer_id, {})
        if customer.get("object") != "customer" or customer.get("deleted"):
            raise missing("customer", customer_id, param, status)
        return customer

    def _email_of(self, customer_id: str | None) -> str | None:
        return self.account.objects[customer_id]["email"] if customer_id else None

    def _referred(self, kind: str, object_id: str, param: str) -> Thing:
        thing = self.account.objects.get(object_id, {})
        if thing.get("object") != kind:
            raise missing(kind, object_id, param, 400)
        return thing


def _check_session(params: Thing) -> None:
    if params.get("mode", "payment") != "payment" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise Refusal("Only hosted sessions that take a payment are emulated.", param="mode")
    for name in NOT_EMULATED:
        if name in params:
            raise Refusal(f"Not emulated: {name}.", param=name)
    for name in ("mode", "success_url", "line_items"):
        if not params.get(name):
            raise Refusal(f"Missing required param: {name}.", "parameter_missing", name)
    _check_form(params)


def _check_form(params: Thing) -> None:
    for other in ("customer_email", "customer_creation"):
        if "customer" in params and other in params:
            raise Refusal(f"You may only specify one of these parameters: customer, {other}.", param=other)
    if len(params.get("client_reference_id", "")) > 200:
        raise Refusal("Invalid string: must be at most 200 characters", "parameter_invalid", "client_reference_id")
    _check_email(params, "customer_email")
    _check_url(params, "success_url")
    _check_url(params, "cancel_url")
    ahead = int(params.get("expires_at", time.time() + LONGEST_S)) - time.time()
    # Who asks for just half an hour did so a moment ago.
    if not SHORTEST_S - 10 <= ahead <= LONGEST_S + 10:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session"
        raise Refusal(f"{message} creation.", param="expires_at")


def _check_line(params: Thing, name: str) -> None:
    if "price" in params:
        raise missing("price", params["price"], f"{name}[price]", 400)
    for part in ("price_data", "quantity"):
        if part not in params:
            raise Refusal(f"Missing required param: {name}[{part}].", "parameter_missing", f"{name}[{part}]")
    data = params["price_data"]
    if "unit_amount" not in data:
        param = f"{name}[price_data][unit_amount]"
        raise Refusal(f"Missing required param: {param}.", "parameter_missing", param)
    if "recurring" in data:
        raise Refusal("You must use `mode=subscription` with recurring prices.", param=name)
    if ("product" in data) == ("product_data" in data):
        message = "You must specify either `product` or `product_data` when creating a price."
        raise Refusal(message, "parameter_missing", f"{name}[price_data][product]")
    if not re.fullmatch("[a-z]{3}", data["currency"]):
        message = f"Invalid currency: {data['currency']}."
        raise Refusal(message, "parameter_invalid", f"{name}[price_data][currency]")
    whole_number(data["unit_amount"], f"{name}[price_data][unit_amount]")
    whole_number(params["quantity"], f"{name}[quantity]", least=1)


def _check_url(params: Thing, name: str) -> None:
    if name in params:
        parts = urlsplit(params[name])
        if parts.scheme not in ("http", "https") or not parts.netloc or len(params[name]) > 5_000:
            raise Refusal("Not a valid URL", "url_invalid", name)


def _check_email(params: Thing, name: str) -> None:
    if params.get(name) and not EMAIL.fullmatch(params[name]):
        raise Refusal(f"Invalid email address: {params[name]}", "email_invalid", name)


def _is_within(when: int, asked: Any) -> bool:
    bounds = asked if isinstance(asked, dict) else {"gte": asked, "lte": asked}
    lowest = max(int(bounds.get("gte", 0)), int(bounds.get("gt", -1)) + 1)
    return lowest <= when <= int(bounds.get("lte", when)) and when < int(bounds.get("lt", when + 1))
