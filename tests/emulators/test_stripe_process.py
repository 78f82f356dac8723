"""The emulator of Stripe as a process of its own, steered over HTTP."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.emulators.purchases import SESSION
from tests.emulators.server import serving
from tests.factories import wait_until
from tests.ports import answers, free_port
from tests.servers import PROJECT

KEY, SECRET = "sk_test_process", "whsec_process"


@pytest.fixture
def taken() -> list[stripe.Event]:
    return []


@pytest.fixture
def address(taken: list[stripe.Event]) -> Iterator[str]:
    async def take(request: Request) -> Response:
        signature = request.headers["stripe-signature"]
        taken.append(stripe.Webhook.construct_event(await request.body(), signature, SECRET))
        return Response()

    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with serving(Starlette(routes=[Route("/hook", take, methods=["POST"])]), free_port()) as shop:
        command = [sys.executable, "-m", "tests.emulators.stripe", "--port", str(port), "--key", KEY]
        command += ["--webhook-url", f"{shop}/hook", "--webhook-secret", SECRET]
        process = subprocess.Popen(command, cwd=PROJECT)
        wait_until(lambda: answers(f"{address}/_requests"), of=process)
        yield address
        process.terminate()
        process.wait()


def script(address: str, *steps: dict) -> list:
    return httpx.post(f"{address}/_script", json={"do": steps}).raise_for_status().json()["results"]


def test_it_is_paid_and_misbehaves_as_it_is_told_to(address: str, taken: list[stripe.Event]) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": address}, max_network_retries=1)
    script(address, {"call": "script", "of": ["answer-lost"]}, {"call": "webhooks.hold"})
    session = client.v1.checkout.sessions.create(SESSION)
    assert session.url.startswith(address)
    paid, refund = script(
        address,
        {"call": "pay", "with": {"session_id": session.id}},
        {"call": "refund", "with": {"payment": session.id, "amount": 100}},
    )
    assert (paid["payment_status"], refund["amount"], taken) == ("paid", 100, [])
    assert script(address, {"call": "webhooks.deliver_all", "with": {"times": [2, 2]}}) == [[200] * 12]
    assert [event.type for event in taken][-4:] == ["charge.refunded"] * 2 + ["refund.created"] * 2
    told = httpx.get(f"{address}/_requests").json()
    asked = [(request["path"], request["key"]) for request in told["requests"]]
    assert asked == [asked[0]] * 2
    assert (len(told["events"]), len(told["deliveries"]), told["held"]) == (6, 12, [])


def test_what_it_does_not_know_or_cannot_do_is_refused(address: str) -> None:
    unknown = httpx.post(f"{address}/_script", json={"do": [{"call": "find"}]})
    missing = httpx.post(f"{address}/_script", json={"do": [{"call": "pay", "of": ["cs_test_none"]}]})
    assert (unknown.status_code, missing.status_code) == (400, 400)
    assert missing.json()["error"] == "No such checkout.session: 'cs_test_none'"
