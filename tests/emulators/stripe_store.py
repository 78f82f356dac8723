"""The objects and events of one account at the emulated Stripe."""

import copy
import threading
from collections import defaultdict
from typing import Any

from tests.emulators import stripe_objects as objects
from tests.emulators.stripe_params import Refusal, missing
from tests.emulators.stripe_webhooks import Webhooks

Thing = dict[str, Any]


class StripeStore:
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
