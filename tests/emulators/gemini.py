"""Gemini on loopback: `python -m tests.emulators.gemini --port N [--delay S] [--fault-rate R]`.

It speaks generateContent, whole and as a stream, and the list of models. Tests script faults in this process with
`script`, or from another one with `POST /_script {"faults": [{"name": …, …}]}`, and count what was accepted, and so
paid for, with `jobs` or `GET /_jobs`.
"""

import argparse
import asyncio
import base64
import json
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.emulators.fal_faults import Fault
from tests.emulators.gemini_faults import (
    RETIRED_MODELS,
    USUAL,
    answer,
    answer_instead,
    answer_strangely,
    play,
    refuse,
    refuse_key,
    refuse_model,
)
from tests.emulators.pictures import digest, paint
from tests.emulators.server import serve_forever

MODELS = ("gemini-nano-banana-2.1", "gemini-3-pro-image", "gemini-3.1-flash-image", "gemini-2.5-flash-image")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
SIDES = {"1K": 1024, "2K": 2048, "4K": 4096}


@dataclass
class Job:
    """A request that was taken, and is paid for."""

    model: str
    body: dict[str, Any]
    images: list[bytes]
    digest: str
    fault: Fault
    id: str = field(default_factory=lambda: uuid4().hex)


class GeminiEmulator:
    """One Gemini: what it was asked, what it took, and how it will misbehave."""

    def __init__(self, *, key: str = "", delay_s: float = 0, fault_rate: float = 0) -> None:
        self.key = key
        self.delay_s = delay_s
        self.fault_rate = fault_rate
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/_script", self._script, methods=["POST"]),
                Route("/_jobs", self._list_jobs),
                Route("/{version}/models", self._models),
                Route("/{version}/models/{model}:{method}", self._generate, methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        """Forget everything."""
        self.faults: deque[Fault] = deque()
        self.jobs: list[Job] = []
        self.retired = set(RETIRED_MODELS)
        self.headers: list[dict[str, str]] = []
        self.requests: Counter[str] = Counter()

    def script(self, *names: str, **values: Any) -> None:
        """Give the next requests these faults, one each; an empty name is no fault."""
        self.faults.extend(Fault(name, values) for name in names)

    async def _models(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "models"):
            return refusal
        if instead := answer_instead(self._next_fault(), ""):
            return instead
        return JSONResponse({"models": [{"name": f"models/{name}"} for name in MODELS if name not in self.retired]})

    async def _generate(self, request: Request) -> Response:
        body = await request.body()
        model, method = request.path_params["model"], request.path_params["method"]
        if refusal := self._refuse_stranger(request, method):
            return refusal
        fault = self._next_fault()
        if instead := refuse_model(model) if model in self.retired else answer_instead(fault, model):
            return instead
        try:
            job = _take(model, json.loads(body), fault)
        except (ValueError, KeyError, TypeError) as error:
            return refuse(400, f"Invalid request: {error!r}")
        self.jobs.append(job)
        await asyncio.sleep(self.delay_s)
        if strange := await answer_strangely(fault):
            return strange
        whole = answer(fault, model, paint(job.images[0], _size(job.body)))
        if method == "streamGenerateContent":
            return StreamingResponse(play(fault, whole), media_type="text/event-stream")
        return JSONResponse(whole)

    async def _script(self, request: Request) -> Response:
        asked = await request.json()
        if asked.get("reset"):
            self.reset()
        self.retired |= set(asked.get("retired", ()))
        for fault in asked.get("faults", []):
            self.script(fault.pop("name"), **fault)
        return JSONResponse({"waiting": len(self.faults)})

    async def _list_jobs(self, _request: Request) -> Response:
        jobs = [{"id": job.id, "model": job.model, "digest": job.digest} for job in self.jobs]
        digests = Counter(job.digest for job in self.jobs)
        return JSONResponse({"jobs": jobs, "digests": dict(digests), "requests": dict(self.requests)})

    def _next_fault(self) -> Fault:
        if self.faults:
            return self.faults.popleft()
        return Fault(random.choice(USUAL)) if random.random() < self.fault_rate else Fault()

    def _refuse_stranger(self, request: Request, place: str) -> Response | None:
        self.requests[place] += 1
        self.headers.append(dict(request.headers))
        key = request.headers.get("x-goog-api-key", "")
        return refuse_key() if not key or (self.key and key != self.key) else None


def _take(model: str, body: dict[str, Any], fault: Fault) -> Job:
    parts = [part for content in body["contents"] for part in content["parts"]]
    images = [_decode(part["inlineData"]) for part in parts if "inlineData" in part]
    if not images or not any(part.get("text") for part in parts):
        raise ValueError("a picture and words are needed")
    config = body["generationConfig"]
    if "IMAGE" not in config["responseModalities"]:
        raise ValueError("responseModalities")
    if "imageSize" in config.get("imageConfig", {}) and model.startswith("gemini-2.5"):
        raise ValueError("imageSize is not supported by this model")
    return Job(model, body, images, digest(model, json.dumps(body, sort_keys=True)), fault)


def _decode(inline: dict[str, str]) -> bytes:
    mime = inline.get("mimeType") or inline["mime_type"]
    if mime not in IMAGE_TYPES:
        raise ValueError(f"unsupported MIME type {mime}")
    # The SDK writes the alphabet that is safe in addresses.
    return base64.b64decode(inline["data"].replace("-", "+").replace("_", "/"))


def _size(body: dict[str, Any]) -> tuple[int, int]:
    config = body["generationConfig"].get("imageConfig", {})
    width, height = (int(side) for side in config.get("aspectRatio", "1:1").split(":"))
    side = SIDES[config.get("imageSize", "1K")]
    return (side, side * height // width) if width >= height else (side * width // height, side)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="", help="the only key that is let in; any, when empty")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each job takes")
    parser.add_argument("--fault-rate", type=float, default=0, help="which share of the jobs goes wrong")
    chosen = parser.parse_args()
    emulator = GeminiEmulator(key=chosen.key, delay_s=chosen.delay, fault_rate=chosen.fault_rate)
    serve_forever(emulator.app, chosen.port)


if __name__ == "__main__":
    main()
