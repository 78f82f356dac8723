"""The sender of the emulated Stripe's webhooks: signed, again until taken, and on demand late, twice, forged or never.

What can go wrong with the deliveries of an event, by name: held (until it is asked for), lost, duplicate {times},
delayed {seconds}, forged (signed with another secret), stale {seconds} (signed so long ago).
"""

import json
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from stripe import WebhookSignature

from tests.emulators.fal_faults import Fault
from tests.factories import wait_until

FOREIGN_SECRET = "whsec_of_somebody_else"
Post = Callable[[bytes, dict[str, str]], int]


@dataclass(frozen=True)
class Delivery:
    """One attempt to hand over an event; the status is 0 when nobody answered."""

    event_id: str
    type: str
    status: int


class Webhooks:
    """One endpoint: its address and secret, the attempts so far, and the events that it has not been sent.

    `endpoint` is a URL, or a function of body and headers that gives the status; events are held while there is none.
    Anything but a 2xx is tried again after `backoff_s`, twice as long each time, `retries` times in all. Eight events
    may be under way at once, so their order is nobody's promise, as with Stripe.
    """

    def __init__(self, endpoint: str | Post, secret: str) -> None:
        self.endpoint = endpoint
        self.secret = secret
        self.retries = 8
        self.backoff_s = 0.05
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="stripe-webhooks")
        self._client = httpx.Client(timeout=30)
        self._given_up = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Forget all events and faults, give up what is under way, and deliver again as usual."""
        with self._lock:
            self._given_up.set()
            self._given_up = threading.Event()
            self.faults: deque[Fault] = deque()
            self.deliveries: list[Delivery] = []
            self.held: dict[str, dict[str, Any]] = {}
            self.known: dict[str, dict[str, Any]] = {}
            self.under_way: set[Future[None]] = set()
            self.is_holding = False

    def script(self, *names: str, **values: Any) -> None:
        """Give the deliveries of the next events these faults, one each; an empty name is no fault.

        With `type="charge.refunded"` a fault waits for the next event of that type.
        """
        self.faults.extend(Fault(name, values) for name in names)

    def hold(self) -> None:
        """Send nothing from now on: events wait in `held`."""
        self.is_holding = True

    def release(self) -> None:
        """Send what is held, in its order, and whatever comes, as usual."""
        self.is_holding = False
        for event_id in list(self.held):
            if event := self.held.pop(event_id, None):
                self._start(event, Fault())

    def send(self, event: dict[str, Any]) -> None:
        """Take an event for delivery; does not wait for it."""
        fault = self._next_fault(event["type"])
        self.known[event["id"]] = event
        if self.is_holding or not self.endpoint or fault.name == "held":
            self.held[event["id"]] = event
        elif fault.name != "lost":
            for _ in range(fault.values.get("times", 2) if fault.name == "duplicate" else 1):
                self._start(event, fault)

    def deliver(self, event_id: str = "", *, secret: str = "", age_s: int = 0) -> int:
        """Hand over one event now, once: this one, as often as asked for, or the oldest held. Gives the status."""
        event = self.known[event_id or next(iter(self.held))]
        self.held.pop(event["id"], None)
        return self._attempt(event, *self.sign(event, secret=secret, age_s=age_s))

    def deliver_all(
        self,
        event_ids: Iterable[str] | None = None,
        *,
        order: str = "given",
        seed: int = 0,
        times: tuple[int, int] = (1, 1),
        clients: int = 1,
    ) -> list[int]:
        """Hand over these events, or all held, until each was taken as often as `times` says, and wait for that.

        The order is "given", "reversed" or "random"; so many clients deliver at once; `times` is a range to pick from.
        Gives the status of every attempt; an attempt that was not taken is made again, up to `retries` times.
        """
        picks = random.Random(seed)
        ids = list(self.held if event_ids is None else event_ids)
        turns = [event_id for event_id in ids for _ in range(picks.randint(*times))]
        if order == "random":
            picks.shuffle(turns)
        elif order == "reversed":
            turns.reverse()
        with ThreadPoolExecutor(clients) as pool:
            rounds = list(pool.map(self._deliver_until_taken, turns))
        for event_id in ids:
            self.held.pop(event_id, None)
        return [status for statuses in rounds for status in statuses]

    def wait(self, timeout: float = 20) -> None:
        """Return when nothing is under way: each event sent was taken, or given up."""
        wait_until(lambda: not self.under_way, timeout)

    def sign(self, event: dict[str, Any], *, secret: str = "", age_s: int = 0) -> tuple[bytes, dict[str, str]]:
        """The body and headers that hand over this event."""
        body = json.dumps(event, indent=2)
        signature = WebhookSignature.generate_signature_header(body, secret or self.secret, int(time.time()) - age_s)
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
        return body.encode(), headers | {"User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"}

    def close(self) -> None:
        """Give up what is under way, and let the threads end."""
        self.reset()
        self._pool.shutdown()
        self._client.close()

    def _start(self, event: dict[str, Any], fault: Fault) -> None:
        with self._lock:
            under_way = self.under_way
            run = self._pool.submit(self._run, event, fault, self._given_up)
            under_way.add(run)
        run.add_done_callback(under_way.discard)

    def _run(self, event: dict[str, Any], fault: Fault, given_up: threading.Event) -> None:
        secret = FOREIGN_SECRET if fault.name == "forged" else ""
        age_s = fault.values.get("seconds", 600) if fault.name == "stale" else 0
        pause = fault.values.get("seconds", 1) if fault.name == "delayed" else 0
        for attempt in range(self.retries + 1):
            if given_up.wait(pause):
                return
            if 200 <= self._attempt(event, *self.sign(event, secret=secret, age_s=age_s)) < 300:
                return
            pause = self.backoff_s * 2**attempt

    def _deliver_until_taken(self, event_id: str) -> list[int]:
        statuses: list[int] = []
        while len(statuses) <= self.retries and not (statuses and 200 <= statuses[-1] < 300):
            event = self.known[event_id]
            statuses.append(self._attempt(event, *self.sign(event)))
        return statuses

    def _attempt(self, event: dict[str, Any], body: bytes, headers: dict[str, str]) -> int:
        deliveries = self.deliveries  # after a reset, what was on its way is not counted
        try:
            if callable(self.endpoint):
                status = self.endpoint(body, headers)
            else:
                status = self._client.post(self.endpoint, content=body, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        except Exception:
            # A server answers so where an application in this process lets an error rise.
            logging.getLogger(__name__).exception("The endpoint failed.")
            status = 500
        with self._lock:
            deliveries.append(Delivery(event["id"], event["type"], status))
        return status

    def _next_fault(self, kind: str) -> Fault:
        for fault in self.faults:
            if fault.values.get("type", kind) == kind:
                self.faults.remove(fault)
                return fault
        return Fault()
