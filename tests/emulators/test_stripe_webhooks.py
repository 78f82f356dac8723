"""The webhooks of the emulated Stripe, as an endpoint that checks them takes them."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.emulators.purchases import SESSION
from tests.emulators.server import serving
from tests.emulators.stripe import KEY, SECRET, StripeEmulator, running_stripe
from tests.factories import wait_until
from tests.ports import free_port

OF_A_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


class Endpoint:
    """Verifies what it is sent with the SDK, and answers the statuses it is told to, then 200."""

    def __init__(self) -> None:
        self.reset()
        self.app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])

    def reset(self) -> None:
        self.taken: list[str] = []
        self.refused = 0
        self.answers: list[int] = []
        self._lock = threading.Lock()

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        with self._lock:
            try:
                client = stripe.StripeClient(KEY)
                event = client.construct_event(body, headers["Stripe-Signature"], SECRET)
            except stripe.SignatureVerificationError:
                self.refused += 1
                return 400
            if self.answers:
                return self.answers.pop(0)
            self.taken.append(event.type)
            return 200

    async def _take(self, request: Request) -> Response:
        headers = {"Stripe-Signature": request.headers["stripe-signature"]}
        return Response(status_code=self.take(await request.body(), headers))


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[StripeEmulator, Endpoint, str]]:
    endpoint = Endpoint()
    with serving(endpoint.app, free_port()) as address, running_stripe() as account:
        account.webhooks.backoff_s = 0.001
        yield account, endpoint, f"{address}/hook"


@pytest.fixture
def endpoint(running: tuple[StripeEmulator, Endpoint, str]) -> Endpoint:
    running[1].reset()
    return running[1]


@pytest.fixture
def account(running: tuple[StripeEmulator, Endpoint, str], endpoint: Endpoint) -> StripeEmulator:
    running[0].reset()
    running[0].webhooks.endpoint = running[2]
    return running[0]


def pay(account: StripeEmulator) -> str:
    client = stripe.StripeClient(KEY, base_addresses={"api": account.url})
    return account.pay(client.v1.checkout.sessions.create(SESSION).id)["id"]


def test_every_event_is_delivered_signed(account, endpoint):
    pay(account)
    account.webhooks.wait()
    assert sorted(endpoint.taken) == sorted(OF_A_PAYMENT)
    assert endpoint.refused == 0


def test_an_event_is_delivered_again_until_it_is_taken(account, endpoint):
    endpoint.answers = [500, 302, 404, 500]
    pay(account)
    account.webhooks.wait()
    assert sorted(endpoint.taken) == sorted(OF_A_PAYMENT)
    assert Counter(delivery.status for delivery in account.webhooks.deliveries) == {200: 4, 500: 2, 302: 1, 404: 1}


def test_an_event_that_nobody_takes_is_given_up(account, endpoint):
    account.webhooks.endpoint = f"http://127.0.0.1:{free_port()}/hook"
    pay(account)
    account.webhooks.wait()
    assert len(account.webhooks.deliveries) == 4 * (account.webhooks.retries + 1)
    account.webhooks.endpoint = endpoint.take
    assert account.webhooks.deliver(account.events[0]["id"]) == 200


def test_held_events_are_delivered_when_and_as_they_are_asked_for(account, endpoint):
    account.webhooks.hold()
    pay(account)
    assert (len(account.webhooks.held), endpoint.taken) == (4, [])
    completed = account.events[-1]["id"]
    assert account.webhooks.deliver(completed) == 200
    assert account.webhooks.deliver() == 200
    assert account.webhooks.deliver_all(order="reversed") == [200, 200]
    assert endpoint.taken == [OF_A_PAYMENT[3], OF_A_PAYMENT[0], OF_A_PAYMENT[2], OF_A_PAYMENT[1]]
    assert not account.webhooks.held


def test_what_is_held_goes_out_when_deliveries_are_released(account, endpoint):
    account.webhooks.hold()
    pay(account)
    account.webhooks.release()
    pay(account)
    account.webhooks.wait()
    assert sorted(endpoint.taken) == sorted(OF_A_PAYMENT * 2)


def test_a_storm_delivers_each_event_until_taken_in_an_order_that_a_seed_repeats(account, endpoint):
    account.webhooks.hold()
    for _ in range(5):
        pay(account)
    ids = list(account.webhooks.held)
    endpoint.answers = [500] * 10
    statuses = account.webhooks.deliver_all(order="random", times=(1, 5), clients=8, seed=7)
    assert Counter(statuses)[500] == 10
    assert len(endpoint.taken) >= 20
    assert {delivery.event_id for delivery in account.webhooks.deliveries} == set(ids)
    orders = []
    for _ in range(2):
        endpoint.taken.clear()
        account.webhooks.deliver_all(ids, order="random", seed=7)
        orders.append(list(endpoint.taken))
    assert orders[0] == orders[1] != [event["type"] for event in account.events]


def test_events_may_be_lost_doubled_late_or_held_one_by_one(account, endpoint):
    gone, twice, late, waiting = OF_A_PAYMENT
    account.webhooks.script("lost", type=gone)
    account.webhooks.script("duplicate", type=twice, times=3)
    account.webhooks.script("delayed", type=late, seconds=0.01)
    account.webhooks.script("held", type=waiting)
    pay(account)
    account.webhooks.wait()
    assert Counter(endpoint.taken) == {twice: 3, late: 1}
    assert [event["type"] for event in account.webhooks.held.values()] == [waiting]


@pytest.mark.parametrize(("fault", "values"), [("forged", {}), ("stale", {"seconds": 301})])
def test_a_signature_that_is_wrong_or_old_is_refused_each_time(account, endpoint, fault, values):
    account.webhooks.script(fault, type="checkout.session.completed", **values)
    pay(account)
    account.webhooks.wait()
    assert endpoint.refused == account.webhooks.retries + 1
    assert sorted(endpoint.taken) == sorted(OF_A_PAYMENT[:3])
    completed = account.events[-1]["id"]
    assert account.webhooks.deliver(completed, secret="whsec_other") == 400
    assert account.webhooks.deliver(completed, age_s=301) == 400
    assert account.webhooks.deliver(completed, age_s=299) == 200


def test_an_event_shows_its_object_as_it_was_then(account, endpoint):
    account.webhooks.hold()
    session_id = pay(account)
    account.refund(session_id, 200)
    account.refund(session_id, 300)
    refunds = [event["data"] for event in account.events if event["type"] == "charge.refunded"]
    assert [data["object"]["amount_refunded"] for data in refunds] == [200, 500]
    assert refunds[1]["previous_attributes"] == {"amount_refunded": 200, "refunded": False}


def test_a_function_may_be_the_endpoint_and_what_it_raises_is_a_500(account, endpoint):
    def fail(body: bytes, headers: dict[str, str]) -> int:
        raise RuntimeError("broken")

    account.webhooks.hold()
    pay(account)
    account.webhooks.endpoint = fail
    assert account.webhooks.deliver(account.events[0]["id"]) == 500
    account.webhooks.endpoint = endpoint.take
    assert account.webhooks.deliver(account.events[0]["id"]) == 200


def test_a_reset_gives_up_what_is_under_way(account, endpoint):
    account.webhooks.script("delayed", type="checkout.session.completed", seconds=600)
    pay(account)
    wait_until(lambda: len(endpoint.taken) == 3)
    account.reset()
    account.webhooks.wait()
    assert (account.events, account.webhooks.deliveries) == ([], [])
