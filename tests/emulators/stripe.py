"""Stripe on loopback: `python -m tests.emulators.stripe --port N --key sk_test_… [--webhook-url … --webhook-secret …]`.

Its API is for Stripe's own SDK (`base_addresses={"api": url}`), its pages for browsers, and what buyers, banks and the
dashboard do are methods of `StripeEmulator`, in this process, or from another one with
`POST /_script {"do": [{"call": "pay", "with": {"session_id": …}}, {"call": "script", "of": ["reset"]},
{"call": "webhooks.hold"}]}`, which answers `{"results": […]}`; `GET /_requests` shows what was asked, the events, what
is held of them, and how the deliveries went.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.emulators.server import serve_forever, serving
from tests.emulators.stripe_account import StripeAccount
from tests.emulators.stripe_api import StripeApi
from tests.emulators.stripe_pages import StripePages
from tests.emulators.stripe_params import Refusal
from tests.emulators.stripe_webhooks import Post, Webhooks
from tests.ports import free_port

KEY = "sk_test_emulated"
SECRET = "whsec_emulated"
SCRIPTABLE = {
    *("pay", "pay_later", "settle", "decline", "expire", "show_in", "convert_to"),
    *("refund", "finish_refund", "cancel_refund", "fail_refund"),
    *("dispute", "answer_dispute", "close_inquiry", "escalate", "close_dispute", "reinstate"),
    *("script", "reset", "webhooks.script", "webhooks.hold", "webhooks.release", "webhooks.deliver"),
    *("webhooks.deliver_all", "webhooks.wait"),
}


class StripeEmulator(StripeAccount):
    """One Stripe: an account (see its methods), `webhooks`, `requests`, and how the API will misbehave (`script`)."""

    def __init__(self, *, key: str = KEY, endpoint: str | Post = "", secret: str = SECRET) -> None:
        super().__init__(Webhooks(endpoint, secret))
        self.api = StripeApi(self, key)
        self.app = Starlette(
            routes=[
                *self.api.routes,
                *StripePages(self).routes,
                Route("/_script", self._script, methods=["POST"]),
                Route("/_requests", self._list_requests),
            ]
        )

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What the API was asked: method, path, params, key (of idempotency), status; the oldest first."""
        return self.api.requests

    def script(self, *names: str, **values: Any) -> None:
        """Give the next requests these faults, one each (see `stripe_faults`); an empty name is no fault.

        With `on="POST /v1/refunds"` a fault waits for the next request that begins so.
        """
        self.api.script(*names, **values)

    def reset(self) -> None:
        """Forget everything, and behave; the address, key, webhook endpoint and secret stay."""
        self.webhooks.reset()
        self.api.reset()
        self.forget()

    async def _script(self, request: Request) -> Response:
        results = []
        for step in (await request.json())["do"]:
            owner = self.webhooks if step["call"].startswith("webhooks.") else self
            name = step["call"].removeprefix("webhooks.")
            if step["call"] not in SCRIPTABLE:
                return JSONResponse({"error": f"There is no {step['call']}."}, 400)
            try:
                # In a thread: a delivery waits for whoever takes it, and they may ask us meanwhile.
                call = partial(getattr(owner, name), *step.get("of", []), **step.get("with", {}))
                results.append(await run_in_threadpool(call))
            except Refusal as refusal:
                return JSONResponse({"error": str(refusal), "results": results}, 400)
        return JSONResponse({"results": results})

    async def _list_requests(self, _request: Request) -> Response:
        with self.lock:
            told = {
                "requests": self.requests,
                "events": self.events,
                "held": list(self.webhooks.held),
                "deliveries": [asdict(delivery) for delivery in self.webhooks.deliveries],
            }
            return JSONResponse(told)


@contextmanager
def running_stripe(**options: Any) -> Iterator[StripeEmulator]:
    """A Stripe in this process at `.url`, while the block runs."""
    emulator = StripeEmulator(**options)
    with serving(emulator.app, free_port()) as emulator.url:
        yield emulator
    emulator.webhooks.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default=KEY, help="the only secret key that is let in")
    parser.add_argument("--webhook-url", default="", help="where events are sent; they are held without one")
    parser.add_argument("--webhook-secret", default=SECRET)
    chosen = parser.parse_args()
    emulator = StripeEmulator(key=chosen.key, endpoint=chosen.webhook_url, secret=chosen.webhook_secret)
    emulator.url = f"http://127.0.0.1:{chosen.port}"
    serve_forever(emulator.app, chosen.port)


if __name__ == "__main__":
    main()
