"""Replicate on loopback: `python -m tests.emulators.replicate --port N [--delay S] [--fault-rate R]`.

Predictions finish at once unless their fault says otherwise. Tests script faults in this process with `script`, or from
another one with `POST /_script {"faults": [{"name": …, …}]}`, and count with `jobs` or `GET /_jobs`.
"""

import argparse
import asyncio
import hashlib
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault, pick_fault
from tests.emulators.replicate_faults import (
    ENDS,
    USUAL,
    answer_status,
    answer_submission,
    output_of,
    refuse,
)
from tests.emulators.server import serve_forever
from tests.emulators.vggt import answer_scene

WHEN = "2026-11-22T10:00:00.000Z"


@dataclass
class Prediction:
    """A prediction that was taken."""

    model: str
    version: str
    input: dict[str, Any]
    image: bytes
    fault: Fault
    cancel_after: str
    base: str
    id: str = field(default_factory=lambda: uuid4().hex[:26])
    taken_at: float = field(default_factory=time.monotonic)
    polls: int = 0
    cancelled: bool = False


class ReplicateEmulator:
    """One Replicate: what it was asked, what it took, and how it will misbehave."""

    def __init__(self, *, key: str = "", delay_s: float = 0, fault_rate: float = 0) -> None:
        self.key = key
        self.delay_s = delay_s
        self.fault_rate = fault_rate
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/_script", self._script, methods=["POST"]),
                Route("/_jobs", self._list_jobs),
                Route("/output/{id}.json", self._output),
                Route("/v1/account", self._account),
                Route("/v1/files", self._upload, methods=["POST"]),
                Route("/v1/files/{id}", self._describe_file),
                Route("/v1/predictions", self._create, methods=["POST"]),
                Route("/v1/predictions/{id}", self._read),
                Route("/v1/predictions/{id}/cancel", self._cancel, methods=["POST"]),
                Route("/v1/models/{owner}/{name}", self._model),
                Route("/v1/models/{owner}/{name}/predictions", self._create, methods=["POST"]),
                Route("/v1/models/{owner}/{name}/versions/{version}", self._model),
            ]
        )

    def reset(self) -> None:
        """Forget everything."""
        self.faults: deque[Fault] = deque()
        self.jobs: dict[str, Prediction] = {}
        self.files: dict[str, bytes] = {}
        self.digests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.requests: Counter[str] = Counter()
        self.dealt: Counter[str] = Counter()
        self.retired: set[str] = set()
        self.upload_status = 0
        self.upload_base = ""

    def script(self, *names: str, **values: Any) -> None:
        """Give the next predictions these faults, one each; an empty name is no fault."""
        self.faults.extend(Fault(name, values) for name in names)

    def refuse_uploads(self, status: int) -> None:
        """Answer every upload with this status."""
        self.upload_status = status

    async def _account(self, request: Request) -> Response:
        refusal = self._refuse_stranger(request, "account")
        return refusal or JSONResponse({"type": "user", "username": "magic", "name": "Magic", "github_url": ""})

    async def _upload(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "upload"):
            return refusal
        if self.upload_status:
            return refuse(self.upload_status, "No", "not now")
        async with request.form() as form:
            content = form["content"]
            data, name, kind = await content.read(), content.filename, content.content_type
        file_id = uuid4().hex
        self.files[file_id] = data
        base = self.upload_base or str(request.base_url)
        described = _described(file_id, name, kind, data, base)
        return JSONResponse(described, 201)

    async def _describe_file(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "file"):
            return refusal
        file_id = request.path_params["id"]
        data = self.files.get(file_id)
        if data is None:
            return refuse(404, "Not found", "no such file")
        return JSONResponse(_described(file_id, "cutout.png", "image/png", data, str(request.base_url)))

    async def _create(self, request: Request) -> Response:
        asked = await request.json()
        if refusal := self._refuse_stranger(request, "create"):
            return refusal
        fault = self._next_fault()
        version = asked.get("version", "")
        if fault.name == "retired-version":
            self.retired.add(version)
        if answer := answer_submission(fault):
            return answer
        image = self.files.get(str(asked["input"]["inputs"][0]).rpartition("/")[2])
        if image is None:
            return refuse(422, "Input validation failed", "- input.inputs.0: not a file we have")
        model = "/".join(request.path_params.get(part, "") for part in ("owner", "name")).strip("/")
        deadline = request.headers.get("cancel-after", "")
        base = fault.values.get("base", str(request.base_url))
        job = Prediction(model, version, asked["input"], image, fault, deadline, base)
        self.jobs[job.id] = job
        self.digests[hashlib.sha256(image).hexdigest()] += 1
        return await self._taken(job, str(request.base_url))

    async def _taken(self, job: Prediction, own: str) -> Response:
        if job.fault.name == "silence":
            await asyncio.sleep(SECONDS_OF_SILENCE)
        if job.fault.name == "malformed":
            return Response("{not json", 201, media_type="application/json")
        body = self._described(job, own)
        if job.fault.name == "missing-id":
            del body["id"]
        return JSONResponse(body, 201)

    async def _read(self, request: Request) -> Response:
        job = self._find(request)
        if refusal := self._refuse_stranger(request, "status", job):
            return refusal
        job.polls += 1
        body = self._described(job, str(request.base_url))
        return await answer_status(job.fault, body) or JSONResponse(body)

    async def _cancel(self, request: Request) -> Response:
        job = self._find(request)
        if refusal := self._refuse_stranger(request, "cancel", job):
            return refusal
        job.cancelled = True
        return JSONResponse(self._described(job, str(request.base_url)))

    async def _model(self, request: Request) -> Response:
        refusal = self._refuse_stranger(request, "model")
        version = request.path_params.get("version", "")
        if refusal or version in self.retired:
            return refusal or refuse(404, "Not found", "no such version")
        schema = {"components": {"schemas": {"Output": {"type": "object", "properties": {"data": {"type": "array"}}}}}}
        return JSONResponse({"id": version, "created_at": WHEN, "cog_version": "0.13.0", "openapi_schema": schema})

    async def _output(self, request: Request) -> Response:
        self.requests["output"] += 1
        job = self.jobs.get(request.path_params["id"])
        # The store of outputs knows nobody: a token sent here has leaked.
        if job is None or "authorization" in request.headers:
            return Response("no", 400)
        return answer_scene(job.fault, job.image)

    async def _script(self, request: Request) -> Response:
        asked = await request.json()
        if asked.get("reset"):
            self.reset()
        self.fault_rate = asked.get("faultRate", self.fault_rate)
        for fault in asked.get("faults", []):
            self.script(fault.pop("name"), **fault)
        return JSONResponse({"waiting": len(self.faults)})

    async def _list_jobs(self, _request: Request) -> Response:
        jobs = [
            {
                "id": job.id,
                "version": job.version,
                "fault": job.fault.name,
                "polls": job.polls,
                "cancelled": job.cancelled,
            }
            for job in self.jobs.values()
        ]
        return JSONResponse(
            {"jobs": jobs, "digests": dict(self.digests), "requests": dict(self.requests), "dealt": dict(self.dealt)}
        )

    def _described(self, job: Prediction, own: str) -> dict[str, Any]:
        status = self._status(job)
        address = f"{job.base.rstrip('/')}/v1/predictions/{job.id}"
        body: dict[str, Any] = {
            "id": job.id,
            "model": job.model or "vufinder/vggt-1b",
            "version": job.version or "hidden",
            "status": status,
            "input": job.input,
            "output": None,
            "error": None,
            "logs": "100%|##########| 1/1 [00:02]" if status == "succeeded" else " 40%|####      | 2/5 [00:01]",
            "created_at": WHEN,
            "urls": {"get": address, "cancel": f"{address}/cancel"},
        }
        if status == "succeeded":
            body["output"] = output_of(job.fault, f"{own}output/{job.id}.json")
            body["metrics"] = {"predict_time": 2.5}
        if status == "failed":
            body["error"] = job.fault.values.get("error", "CUDA out of memory")
        return body

    def _status(self, job: Prediction) -> str:
        if job.cancelled:
            return "canceled"
        if job.polls == 0:
            return "starting"
        values = job.fault.values if job.fault.name == "queue" else {}
        is_over = time.monotonic() - job.taken_at >= values.get("seconds", self.delay_s)
        if job.fault.name == "never" or not is_over or job.polls <= values.get("polls", 0):
            return "starting" if job.polls == 1 else "processing"
        return ENDS.get(job.fault.name, "succeeded")

    def _next_fault(self) -> Fault:
        fault = self.faults.popleft() if self.faults else pick_fault(USUAL, self.fault_rate)
        self.dealt[fault.name] += 1
        return fault

    def _find(self, request: Request) -> Prediction | None:
        return self.jobs.get(request.path_params["id"])

    def _refuse_stranger(self, request: Request, place: str, job: Prediction | bool | None = True) -> Response | None:
        """Count the request; the refusal of one without the account's token, or about what was never taken."""
        self.requests[place] += 1
        self.headers.append(dict(request.headers))
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme not in ("Bearer", "Token") or not key or (self.key and key != self.key):
            return refuse(401, "Unauthenticated", f"You did not pass a valid authentication token, but {key}")
        return refuse(404, "Not found", "The requested resource could not be found.") if job is None else None


def _described(file_id: str, name: str, kind: str, data: bytes, base: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {
        "id": file_id,
        "name": name,
        "content_type": kind,
        "size": len(data),
        "etag": digest[:32],
        "checksums": {"sha256": digest},
        "metadata": {},
        "created_at": WHEN,
        "expires_at": "2099-11-23T10:00:00.000Z",
        "urls": {"get": f"{base.rstrip('/')}/v1/files/{file_id}"},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="", help="the only token that is let in; any, when empty")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each prediction takes")
    parser.add_argument("--fault-rate", type=float, default=0, help="which share of the predictions goes wrong")
    chosen = parser.parse_args()
    emulator = ReplicateEmulator(key=chosen.key, delay_s=chosen.delay, fault_rate=chosen.fault_rate)
    serve_forever(emulator.app, chosen.port)


if __name__ == "__main__":
    main()
