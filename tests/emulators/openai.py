"""OpenAI on loopback: `python -m tests.emulators.openai --port N [--delay S] [--fault-rate R]`.

It speaks images.edits, the Responses API with its image tool, and the list of models; a provider's base URL is its
address with /v1. Tests script faults in this process with `script`, or from another one with
`POST /_script {"faults": [{"name": …, …}]}`, and count what was accepted, and so paid for, with `jobs` or `GET /_jobs`.
"""

import argparse
import asyncio
import base64
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.emulators.fal_faults import Fault, pick_fault
from tests.emulators.openai_faults import (
    RETIRED_MODELS,
    USUAL,
    answer_instead,
    answer_strangely,
    play,
    refuse,
    refuse_model,
    spoil,
)
from tests.emulators.openai_responses import response_events
from tests.emulators.pictures import digest, paint
from tests.emulators.server import serve_forever

MODELS = ("gpt-image-2.6-sunburst", "gpt-image-2.6-flare", "gpt-image-2", "gpt-image-1.5", "gpt-5.5")
EDIT_FIELDS = {
    "model",
    "prompt",
    "size",
    "quality",
    "background",
    "output_format",
    "output_compression",
    "input_fidelity",
    "complexity",
    "partial_images",
    "stream",
    "n",
}
FILE_FIELDS = ("image", "image[]", "mask")
IMAGE_TYPES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
USUAL_SIZE = "1024x1024"


@dataclass
class Job:
    """A request that was taken, and is paid for."""

    path: str
    model: str
    fields: dict[str, Any]
    images: list[tuple[str, str, bytes]]
    digest: str
    fault: Fault
    id: str = field(default_factory=lambda: f"req_{uuid4().hex}")


class OpenAIEmulator:
    """One OpenAI: what it was asked, what it took, and how it will misbehave."""

    def __init__(self, *, key: str = "", delay_s: float = 0, fault_rate: float = 0) -> None:
        self.key = key
        self.delay_s = delay_s
        self.fault_rate = fault_rate
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/_script", self._script, methods=["POST"]),
                Route("/_jobs", self._list_jobs),
                Route("/v1/models", self._models),
                Route("/v1/images/edits", self._edit, methods=["POST"]),
                Route("/v1/responses", self._respond, methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        """Forget everything."""
        self.faults: deque[Fault] = deque()
        self.jobs: list[Job] = []
        self.retired = set(RETIRED_MODELS)
        self.headers: list[dict[str, str]] = []
        self.requests: Counter[str] = Counter()
        self.dealt: Counter[str] = Counter()

    def script(self, *names: str, **values: Any) -> None:
        """Give the next requests these faults, one each; an empty name is no fault."""
        self.faults.extend(Fault(name, values) for name in names)

    async def _models(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "models"):
            return refusal
        if answer := answer_instead(self._next_fault(), ""):
            return answer
        known = [name for name in MODELS if name not in self.retired]
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "openai"} for name in known]
        return JSONResponse({"object": "list", "data": models})

    async def _edit(self, request: Request) -> Response:
        form = await request.form()
        if refusal := self._refuse_stranger(request, "edits") or _refuse_form(form):
            return refusal
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        images = [
            (str(file.filename), str(file.content_type), await file.read())
            for name, file in form.multi_items()
            if isinstance(file, UploadFile) and name != "mask"
        ]
        job = Job("edits", fields.get("model", MODELS[0]), fields, images, "", self._next_fault())
        if answer := await self._take(job):
            return answer
        events = _edit_events(job)
        if fields.get("stream") == "true":
            return _stream(job, events)
        facts = {name: events[-1][name] for name in ("background", "output_format", "quality", "size", "usage")}
        data = [{"b64_json": events[-1]["b64_json"]}] if job.fault.name != "no-picture" else []
        return JSONResponse({"created": 0, **facts, "data": data}, headers={"x-request-id": job.id})

    async def _respond(self, request: Request) -> Response:
        body = await request.json()
        if refusal := self._refuse_stranger(request, "responses"):
            return refusal
        content = [part for item in body["input"] if "content" in item for part in item["content"]]
        images = [_data_uri(part["image_url"]) for part in content if part["type"] == "input_image"]
        job = Job("responses", body["model"], body, images, "", self._next_fault())
        if answer := await self._take(job):
            return answer
        tool = next((tool for tool in body.get("tools", ()) if tool["type"] == "image_generation"), {})
        size, photo = _pixels(tool.get("size")), images[0][2] if images else _blank()
        picture = spoil(job.fault, paint(photo, size))
        previews = [spoil(Fault(), paint(photo, size, detail=0.1))] * int(tool.get("partial_images", 0))
        failure = job.fault.values.get("code", "server_error") if job.fault.name == "response-failed" else None
        events = response_events(job.id, body, picture, previews, failure=failure)
        if body.get("stream"):
            return _stream(job, events)
        return JSONResponse(events[-1]["response"], headers={"x-request-id": job.id})

    async def _take(self, job: Job) -> Response | None:
        """Accept the work, and so have it paid for; or say what is answered instead."""
        if job.model in self.retired:
            return refuse_model(job.model)
        if answer := answer_instead(job.fault, job.model):
            return answer
        job.digest = digest(job.path, repr(sorted(job.fields.items())), *(image[2] for image in job.images))
        self.jobs.append(job)
        await asyncio.sleep(self.delay_s)
        return await answer_strangely(job.fault)

    async def _script(self, request: Request) -> Response:
        asked = await request.json()
        if asked.get("reset"):
            self.reset()
        self.fault_rate = asked.get("faultRate", self.fault_rate)
        self.retired |= set(asked.get("retired", ()))
        for fault in asked.get("faults", []):
            self.script(fault.pop("name"), **fault)
        return JSONResponse({"waiting": len(self.faults)})

    async def _list_jobs(self, _request: Request) -> Response:
        jobs = [
            {"id": job.id, "path": job.path, "model": job.model, "digest": job.digest, "fault": job.fault.name}
            for job in self.jobs
        ]
        digests = Counter(job.digest for job in self.jobs)
        return JSONResponse(
            {"jobs": jobs, "digests": dict(digests), "requests": dict(self.requests), "dealt": dict(self.dealt)}
        )

    def _next_fault(self) -> Fault:
        fault = self.faults.popleft() if self.faults else pick_fault(USUAL, self.fault_rate)
        self.dealt[fault.name] += 1
        return fault

    def _refuse_stranger(self, request: Request, place: str) -> Response | None:
        self.requests[place] += 1
        self.headers.append(dict(request.headers))
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key or (self.key and key != self.key):
            return refuse(401, "invalid_api_key", f"Incorrect API key provided: {key}.")
        return None


def _refuse_form(form: FormData) -> Response | None:
    """The refusal of a form that the real one would not take, or not as it was meant."""
    items = form.multi_items()
    files = [(name, value) for name, value in items if isinstance(value, UploadFile)]
    names = [name for name, value in items if isinstance(value, str)]
    if unknown := set(names) - EDIT_FIELDS:
        return refuse(400, "unknown_parameter", f"Unknown parameter: {unknown}.")
    if not form.get("prompt") or not files:
        return refuse(400, "missing_required_parameter", "prompt and image are required")
    if len(names) != len(set(names)) or any(isinstance(value, str) for _, value in items[len(names) :]):
        return refuse(400, "invalid_value", "text fields come first, and once each")
    several = sum(name != "mask" for name, _ in files) > 1
    for name, file in files:
        if name not in FILE_FIELDS or (name == "image") == several:
            return refuse(400, "invalid_value", f"file field {name}")
        ending = IMAGE_TYPES.get(str(file.content_type))
        if ending is None or not str(file.filename).endswith(ending):
            return refuse(400, "unsupported_image_media_type", f"{file.filename} as {file.content_type}")
    return None


def _edit_events(job: Job) -> list[dict[str, Any]]:
    photo, kind = job.images[0][2], job.fields.get("output_format", "png")
    size = _pixels(job.fields.get("size"))
    facts = {
        "background": job.fields.get("background", "opaque"),
        "created_at": 0,
        "output_format": kind,
        "quality": job.fields.get("quality", "high"),
        "size": f"{size[0]}x{size[1]}",
    }
    count = int(job.fields.get("partial_images", 0))
    blurred = [paint(photo, size, kind.upper(), detail=0.02 * 4**index) for index in range(count)]
    events = [
        {
            "type": "image_edit.partial_image",
            "b64_json": spoil(Fault("html" if job.fault.name == "broken-preview" else ""), data),
            "partial_image_index": index,
            **facts,
        }
        for index, data in enumerate(blurred)
    ]
    usage = {
        "input_tokens": 350,
        "input_tokens_details": {"image_tokens": 323, "text_tokens": 27},
        "output_tokens": 1056,
        "total_tokens": 1406,
    }
    completed = {"type": "image_edit.completed", "b64_json": spoil(job.fault, paint(photo, size, kind.upper()))}
    if job.fault.name == "no-picture":
        del completed["b64_json"]
    return [*events, {**completed, **facts, "usage": usage}]


def _stream(job: Job, events: list[dict[str, Any]]) -> Response:
    headers = {"x-request-id": job.id}
    if job.fault.name == "packed":
        headers["Content-Encoding"] = "gzip"
    return StreamingResponse(play(job.fault, events), media_type="text/event-stream", headers=headers)


def _pixels(size: str | None) -> tuple[int, int]:
    width, _, height = (USUAL_SIZE if size in (None, "auto") else str(size)).partition("x")
    return int(width), int(height)


def _data_uri(uri: str) -> tuple[str, str, bytes]:
    head, _, encoded = uri.partition(",")
    return "", head.removeprefix("data:").removesuffix(";base64"), base64.b64decode(encoded)


def _blank() -> bytes:
    return base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="", help="the only key that is let in; any, when empty")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each job takes")
    parser.add_argument("--fault-rate", type=float, default=0, help="which share of the jobs goes wrong")
    chosen = parser.parse_args()
    emulator = OpenAIEmulator(key=chosen.key, delay_s=chosen.delay, fault_rate=chosen.fault_rate)
    serve_forever(emulator.app, chosen.port)


if __name__ == "__main__":
    main()
