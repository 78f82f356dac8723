"""The emulated Stripe's API on the wire: who may ask, keys of idempotency, errors, headers, and scripted faults."""

import json
import logging
from collections import Counter, deque
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.emulators.fal_faults import Fault
from tests.emulators.stripe_account import StripeAccount
from tests.emulators.stripe_faults import INSTEAD, Idempotency, answer_instead, refuse, take_time
from tests.emulators.stripe_objects import API_VERSION, new_id
from tests.emulators.stripe_params import Refusal, read_form
from tests.emulators.stripe_resources import StripeResources

LONGEST_KEY = 255


class StripeApi:
    """What was asked, what is remembered of keys, and how the next requests will go wrong."""

    def __init__(self, account: StripeAccount, key: str) -> None:
        self.key = key
        self.resources = StripeResources(account)
        self.reset()
        self.routes = [Route("/v1/{path:path}", self._serve, methods=["GET", "POST", "DELETE"])]

    def reset(self) -> None:
        """Forget what was asked, and behave."""
        self.faults: deque[Fault] = deque()
        self.requests: list[dict[str, Any]] = []
        self.dealt: Counter[str] = Counter()
        self.idempotency = Idempotency()

    def script(self, *names: str, **values: Any) -> None:
        """Give the next requests these faults, one each."""
        self.faults.extend(Fault(name, values) for name in names)

    async def _serve(self, request: Request) -> Response:
        request_id = new_id("req", 14)
        asked: dict[str, Any] = {"method": request.method, "path": request.url.path, "params": {}, "status": None}
        asked["key"] = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        asked["version"] = request.headers.get("stripe-version", API_VERSION)
        self.requests.append(asked)
        try:
            answer = await self._answer(request, asked, request_id)
        except Refusal as refusal:
            answer = refuse(refusal)
        except Exception:
            logging.getLogger(__name__).exception("The emulator failed.")
            raise
        asked["status"] = answer.status_code
        answer.headers.update({"Request-Id": request_id, "Stripe-Version": asked["version"]})
        if asked["key"]:
            answer.headers["Idempotency-Key"] = asked["key"]
        return answer

    async def _answer(self, request: Request, asked: dict[str, Any], request_id: str) -> Response:
        text = (await request.body()).decode() if request.method == "POST" else request.url.query
        self._refuse_stranger(request)
        params = read_form(parse_qsl(text, keep_blank_values=True))
        asked["params"] = params
        fault = self._next_fault(f"{request.method} {request.url.path}")
        if fault.name in INSTEAD and not fault.values.get("saved"):
            return await answer_instead(fault, request) or Response(status_code=500)
        if asked["key"]:
            saved = self.idempotency.begin(asked["key"], request.url.path, params, request_id)
            if saved is not None:
                replayed = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
                return Response(saved.body, saved.status, replayed, "application/json")
        await take_time(fault)
        answer = await answer_instead(fault, request) if fault.values.get("saved") else None
        answer = answer or self._do(request, params)
        self.idempotency.finish(asked["key"], answer.status_code, bytes(answer.body))
        return await answer_instead(fault, request) or answer

    def _do(self, request: Request, params: dict[str, Any]) -> Response:
        try:
            # A copy: the key remembers what was asked, and a path takes from it what it knows.
            return JSONResponse(self.resources.answer(request.method, request.url.path, json.loads(json.dumps(params))))
        except Refusal as refusal:
            return refuse(refusal)

    def _refuse_stranger(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if not key or scheme != "Bearer":
            raise Refusal("You did not provide an API key.", status=401)
        if key != self.key:
            raise Refusal(f"Invalid API Key provided: {key[:8]}{'*' * 12}{key[-4:]}", status=401)
        if len(request.headers.get("idempotency-key", "")) > LONGEST_KEY:
            raise Refusal(f"Idempotency keys have at most {LONGEST_KEY} characters.", kind="idempotency_error")

    def _next_fault(self, place: str) -> Fault:
        for fault in self.faults:
            if place.startswith(fault.values.get("on", "")):
                self.faults.remove(fault)
                self.dealt[fault.name] += 1
                return fault
        return Fault()
