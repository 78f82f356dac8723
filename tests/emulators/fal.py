"""fal.ai's queue on loopback: `python -m tests.emulators.fal --port N [--delay S] [--fault-rate R]`.

Jobs finish at once unless their fault says otherwise. Tests script faults in this process with `script`, or from
another one with `POST /_script {"faults": [{"name": …, …}]}`, and count with `jobs` or `GET /_jobs`.
"""

import argparse
import asyncio
import base64
import hashlib
import io
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.emulators.fal_faults import (
    SECONDS_OF_SILENCE,
    USUAL,
    Fault,
    answer_file,
    answer_result,
    answer_status,
    answer_submission,
    pick_fault,
    refuse,
    refuse_input,
)
from tests.emulators.fal_storage import FalStorage
from tests.emulators.server import serve_forever
from tests.emulators.vggt import answer_scene


@dataclass
class Job:
    """A job that was taken."""

    app: str
    arguments: dict[str, Any]
    digest: str
    image: bytes
    size: tuple[int, int]
    fault: Fault
    id: str = field(default_factory=lambda: str(uuid4()))
    taken_at: float = field(default_factory=time.monotonic)
    polls: int = 0
    cancelled: bool = False


class FalEmulator:
    """One fal.ai: what it was asked, what it took, and how it will misbehave."""

    def __init__(self, *, key: str = "", delay_s: float = 0, fault_rate: float = 0) -> None:
        self.key = key
        self.delay_s = delay_s
        self.fault_rate = fault_rate
        self.storage = FalStorage(key=key)
        self.reset()
        self.app = Starlette(
            routes=[
                *self.storage.routes,
                Route("/_script", self._script, methods=["POST"]),
                Route("/_jobs", self._list_jobs),
                Route("/files/{id}.{kind}", self._file),
                Route("/{owner}/{alias}/requests/{id}/status", self._status),
                Route("/{owner}/{alias}/requests/{id}/cancel", self._cancel, methods=["PUT"]),
                Route("/{owner}/{alias}/requests/{id}", self._result),
                Route("/{app:path}", self._submit, methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        """Forget everything."""
        self.faults: deque[Fault] = deque()
        self.jobs: dict[str, Job] = {}
        self.digests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.requests: Counter[str] = Counter()
        self.dealt: Counter[str] = Counter()
        self.storage.reset()

    def script(self, *names: str, **values: Any) -> None:
        """Give the next submissions these faults, one each; an empty name is no fault."""
        self.faults.extend(Fault(name, values) for name in names)

    async def _submit(self, request: Request) -> Response:
        body = await request.body()
        if refusal := self._refuse_stranger(request, "submit"):
            return refusal
        fault = self._next_fault()
        if answer := await answer_submission(fault):
            return answer
        try:
            job = self._take(request.path_params["app"], body, fault)
        except (ValueError, KeyError, OSError):
            return refuse_input("image_load_error", None)
        self.jobs[job.id] = job
        self.digests[job.digest] += 1
        if fault.name == "silence":
            await asyncio.sleep(SECONDS_OF_SILENCE)
        if fault.name == "malformed":
            return Response("{not json", media_type="application/json")
        return JSONResponse(_taken(job, fault.values.get("base", str(request.base_url))))

    async def _status(self, request: Request) -> Response:
        job = self._find(request)
        if refusal := self._refuse_stranger(request, "status", job):
            return refusal
        job.polls += 1
        if answer := await answer_status(job.fault):
            return answer
        if not self._is_finished(job):
            if job.polls == 1:
                return JSONResponse({"status": "IN_QUEUE", "queue_position": 0}, 202)
            return JSONResponse({"status": "IN_PROGRESS", "logs": []}, 202)
        return JSONResponse({"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 0.25}})

    async def _result(self, request: Request) -> Response:
        job = self._find(request)
        if refusal := self._refuse_stranger(request, "result", job):
            return refusal
        if answer := await answer_result(job.fault, job.arguments):
            return answer
        if "image_urls" in job.arguments:
            address = job.fault.values.get("url", f"{request.base_url}files/{job.id}.json")
            scene = {"url": address, "content_type": "application/json", "file_name": "scene.json", "file_size": None}
            return JSONResponse({"point_cloud": None, "data": [scene]})
        address = job.fault.values.get("url", f"{request.base_url}files/{job.id}.png")
        width, height = job.size
        image = {"url": address, "content_type": "image/png", "file_name": "cutout.png", "width": width}
        return JSONResponse({"image": {**image, "height": height, "file_size": None}})

    async def _cancel(self, request: Request) -> Response:
        job = self._find(request)
        if refusal := self._refuse_stranger(request, "cancel", job):
            return refusal
        if job.polls and self._is_finished(job):
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        job.cancelled = True
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    async def _file(self, request: Request) -> Response:
        self.requests["file"] += 1
        job = self.jobs.get(request.path_params["id"])
        # The store of results knows nobody: a key sent here has leaked.
        if job is None or "authorization" in request.headers:
            return Response("no", 400)
        if request.path_params["kind"] == "json":
            return answer_scene(job.fault, job.image)
        return await answer_file(job.fault, *job.size)

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
                "app": job.app,
                "digest": job.digest,
                "fault": job.fault.name,
                "polls": job.polls,
                "cancelled": job.cancelled,
            }
            for job in self.jobs.values()
        ]
        return JSONResponse(
            {"jobs": jobs, "digests": dict(self.digests), "requests": dict(self.requests), "dealt": dict(self.dealt)}
        )

    def _next_fault(self) -> Fault:
        fault = self.faults.popleft() if self.faults else pick_fault(USUAL, self.fault_rate)
        self.dealt[fault.name] += 1
        return fault

    def _find(self, request: Request) -> Job | None:
        return self.jobs.get(request.path_params["id"])

    def _refuse_stranger(self, request: Request, place: str, job: Job | bool | None = True) -> Response | None:
        """Count the request; the refusal of one without the account's key, or about a job that was never taken."""
        self.requests[place] += 1
        self.headers.append(dict(request.headers))
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Key" or not key or (self.key and key != self.key):
            return refuse(401, f"Cannot access application. Authentication is required, got {key}.")
        return refuse(404, "Request not found") if job is None else None

    def _take(self, app: str, body: bytes, fault: Fault) -> Job:
        arguments = json.loads(body)
        data = self._open(arguments["image_urls"][0] if "image_urls" in arguments else arguments["image_url"])
        digest = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
        return Job(app, arguments, digest, data, Image.open(io.BytesIO(data)).size, fault)

    def _open(self, address: str) -> bytes:
        head, _, encoded = address.partition(",")
        if head.startswith("data:image/"):
            return base64.b64decode(encoded)
        return self.storage.files[address.rpartition("/")[2]]

    def _is_finished(self, job: Job) -> bool:
        values = job.fault.values if job.fault.name == "queue" else {}
        is_over = time.monotonic() - job.taken_at >= values.get("seconds", self.delay_s)
        return is_over and job.polls > values.get("polls", 0) and job.fault.name != "never"


def _taken(job: Job, base: str) -> dict[str, Any]:
    owner, alias = job.app.split("/")[:2]
    address = f"{base.rstrip('/')}/{owner}/{alias}/requests/{job.id}"
    answer = {"status": "IN_QUEUE", "request_id": job.id, "queue_position": 0, "response_url": address}
    if job.fault.name != "missing-fields":
        answer |= {"status_url": f"{address}/status", "cancel_url": f"{address}/cancel"}
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="", help="the only key that is let in; any, when empty")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each job takes")
    parser.add_argument("--fault-rate", type=float, default=0, help="which share of the jobs goes wrong")
    chosen = parser.parse_args()
    emulator = FalEmulator(key=chosen.key, delay_s=chosen.delay, fault_rate=chosen.fault_rate)
    serve_forever(emulator.app, chosen.port)


if __name__ == "__main__":
    main()
