"""Tripo's v3 API on loopback: `python -m tests.emulators.tripo --port N [--delay S] [--fault-rate R]`.

Tasks finish at once unless their fault says otherwise. Tests script faults in this process with `script`, or from
another one with `POST /_script {"faults": [{"name": …, …}]}`, and count with `jobs` or `GET /_jobs`: whatever is in
`jobs` is paid for.
"""

import argparse
import asyncio
import hashlib
import hmac
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

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault, pick_fault
from tests.emulators.server import serve_forever
from tests.emulators.tripo_faults import (
    ENDS,
    USUAL,
    answer_creation,
    answer_file,
    answer_status,
    answer_upload,
    open_image,
    refuse,
    succeed,
)

MODELS = {
    "v3.1-20260211",
    "v3.0-20250812",
    "v2.5-20250123",
    "Turbo-v1.0-20250506",
    "P1-20260311",
    "P2-20260801",
}
LARGEST_UPLOAD = 20_000_000
SECONDS_OF_AN_ADDRESS = 300
CREDITS_OF_A_MODEL = 30
SIGNING_KEY = b"only for this emulator"


@dataclass
class Upload:
    """An image that was given to Tripo, and what will go wrong with whatever is made of it."""

    data: bytes
    image: Image.Image
    fault: Fault
    token: str = field(default_factory=lambda: f"file_{uuid4().hex}")


@dataclass
class Job:
    """A task that was taken, and is paid for."""

    arguments: dict[str, Any]
    upload: Upload
    id: str = field(default_factory=lambda: str(uuid4()))
    taken_at: float = field(default_factory=time.monotonic)
    polls: int = 0

    @property
    def fault(self) -> Fault:
        return self.upload.fault

    @property
    def digest(self) -> str:
        """The same for the same image and options."""
        options = {**self.arguments, "input": hashlib.sha256(self.upload.data).hexdigest()}
        return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()


class TripoEmulator:
    """One Tripo: what it was asked, what it took, and how it will misbehave."""

    def __init__(self, *, key: str = "", delay_s: float = 0, fault_rate: float = 0) -> None:
        self.key = key
        self.delay_s = delay_s
        self.fault_rate = fault_rate
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/_script", self._script, methods=["POST"]),
                Route("/_jobs", self._list_jobs),
                Route("/v3/files", self._upload, methods=["POST"]),
                Route("/v3/files/presign", self._presign, methods=["POST"]),
                Route("/presigned/{token}", self._put, methods=["PUT"]),
                Route("/v3/generation/image-to-model", self._create, methods=["POST"]),
                Route("/v3/tasks/list", self._list_tasks, methods=["POST"]),
                Route("/v3/tasks/{id}", self._task),
                Route("/v3/account/balance", self._balance),
                Route("/models/{id}.glb", self._file),
            ]
        )

    def reset(self) -> None:
        """Forget everything."""
        self.faults: deque[Fault] = deque()
        self.uploads: dict[str, Upload] = {}
        self.awaited: set[str] = set()
        self.jobs: dict[str, Job] = {}
        self.digests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.requests: Counter[str] = Counter()
        self.dealt: Counter[str] = Counter()
        self.balance = 1000.0

    def script(self, *names: str, **values: Any) -> None:
        """Give the next uploads, and what is made of them, these faults, one each; an empty name is no fault."""
        self.faults.extend(Fault(name, values) for name in names)

    async def _upload(self, request: Request) -> Response:
        async with request.form() as form:
            data = await form["file"].read() if "file" in form else b""
        if refusal := self._refuse_stranger(request, "upload"):
            return refusal
        fault = self._next_fault()
        if answer := await answer_upload(fault):
            return answer
        token = self._keep(data, fault)
        return succeed({"file_token": token}) if token else refuse(400, 2004, "The input file type is unsupported")

    async def _presign(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "presign"):
            return refusal
        token = f"file_{uuid4().hex}"
        self.awaited.add(token)
        address = f"{request.base_url}presigned/{token}"
        return succeed({"file_token": token, "presigned_url": address, "expires_in": SECONDS_OF_AN_ADDRESS})

    async def _put(self, request: Request) -> Response:
        token = request.path_params["token"]
        # The store of files knows nobody: a key sent here has leaked.
        if token not in self.awaited or "authorization" in request.headers:
            return Response("no", 403)
        self.awaited.discard(token)
        kept = self._keep(await request.body(), self._next_fault(), token)
        return Response(status_code=200 if kept else 400)

    async def _create(self, request: Request) -> Response:
        arguments = await request.json()
        if refusal := self._refuse_stranger(request, "create"):
            return refusal
        upload = self.uploads.get(str(arguments.get("input")))
        if upload is None:
            return refuse(400, 2003, "The input file is empty")
        if answer := answer_creation(upload.fault):
            return answer
        if arguments.get("model") not in MODELS:
            return refuse(400, 2017, "The model version is invalid")
        if self.balance <= 0:
            return refuse(403, 2010, "You do not have enough credits")
        return await self._take(Job(arguments, upload))

    async def _take(self, job: Job) -> Response:
        self.jobs[job.id] = job
        self.digests[job.digest] += 1
        if job.fault.name == "silence":
            await asyncio.sleep(SECONDS_OF_SILENCE)
        if job.fault.name == "malformed":
            return Response("{not json", media_type="application/json")
        if job.fault.name == "unnamed":
            return succeed({})
        return succeed({"task_id": job.fault.values["name"] if job.fault.name == "strange-name" else job.id})

    async def _task(self, request: Request) -> Response:
        job = self.jobs.get(request.path_params["id"])
        if refusal := self._refuse_stranger(request, "task"):
            return refusal
        if job is None:
            return refuse(404, 2001, "Task not found")
        job.polls += 1
        return await answer_status(job.fault) or succeed(self._describe(job, request))

    async def _list_tasks(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "list"):
            return refusal
        asked = (await request.json())["task_ids"]
        known = {task_id: self._describe(self.jobs[task_id], request) for task_id in asked if task_id in self.jobs}
        return succeed({"tasks": known, "missed": [task_id for task_id in asked if task_id not in self.jobs]})

    async def _balance(self, request: Request) -> Response:
        if refusal := self._refuse_stranger(request, "balance"):
            return refusal
        return succeed({"balance": self.balance, "frozen": 0})

    async def _file(self, request: Request) -> Response:
        self.requests["file"] += 1
        job = self.jobs.get(request.path_params["id"])
        asked = request.query_params
        if job is None or "authorization" in request.headers:
            return Response("no", 400)
        if asked.get("sig") != _sign(job.id, asked.get("expires", "")) or float(asked["expires"]) < time.time():
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        return await answer_file(job.fault, job.upload.image)

    async def _script(self, request: Request) -> Response:
        asked = await request.json()
        if asked.get("reset"):
            self.reset()
        self.fault_rate = asked.get("faultRate", self.fault_rate)
        self.balance = asked.get("balance", self.balance)
        for fault in asked.get("faults", []):
            self.script(fault.pop("name"), **fault)
        return JSONResponse({"waiting": len(self.faults)})

    async def _list_jobs(self, _request: Request) -> Response:
        jobs = [
            {
                "id": job.id,
                "model": job.arguments["model"],
                "digest": job.digest,
                "fault": job.fault.name,
                "polls": job.polls,
            }
            for job in self.jobs.values()
        ]
        return JSONResponse(
            {"jobs": jobs, "digests": dict(self.digests), "requests": dict(self.requests), "dealt": dict(self.dealt)}
        )

    def _keep(self, data: bytes, fault: Fault, token: str | None = None) -> str | None:
        """Keep an image; its token, or None for what is no image that Tripo takes."""
        try:
            upload = Upload(data, open_image(data), fault)
        except (OSError, SyntaxError, ValueError):
            return None
        if len(data) > LARGEST_UPLOAD:
            return None
        upload.token = token or upload.token
        self.uploads[upload.token] = upload
        return upload.token

    def _describe(self, job: Job, request: Request) -> dict[str, Any]:
        facts = {"task_id": job.id, "type": "image_to_model", "created_at": "2026-11-22T00:00:00Z", "output": {}}
        name = job.fault.name
        if not self._is_finished(job):
            status = "unknown" if name == "unknown" else "queued" if job.polls <= 1 else "running"
            return {**facts, "status": status, "progress": 0 if status == "queued" else min(20 * job.polls, 95)}
        if name in ENDS:
            status, code = ENDS[name]
            message = f"It did not work out, see https://files.example/{job.id}?sig=secret"
            return {**facts, "status": status, "progress": 100, "error_code": code, "error_message": message}
        output = {} if name == "no-model" else {"model_url": job.fault.values.get("url", _address(job, request))}
        finished = {"status": "success", "progress": 100, "credits_consumed": CREDITS_OF_A_MODEL}
        return {**facts, **finished, "output": output}

    def _next_fault(self) -> Fault:
        fault = self.faults.popleft() if self.faults else pick_fault(USUAL, self.fault_rate)
        self.dealt[fault.name] += 1
        return fault

    def _refuse_stranger(self, request: Request, place: str) -> Response | None:
        """Count the request; the refusal of one without the account's key."""
        self.requests[place] += 1
        self.headers.append(dict(request.headers))
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key.startswith("tsk_") or (self.key and key != self.key):
            return refuse(401, 1002, f"Authentication failed for {key}")
        return None

    def _is_finished(self, job: Job) -> bool:
        values = job.fault.values if job.fault.name in ("queue", "unknown") else {}
        is_over = time.monotonic() - job.taken_at >= values.get("seconds", self.delay_s)
        return is_over and job.polls > values.get("polls", 0) and job.fault.name != "never"


def _address(job: Job, request: Request) -> str:
    expires = str(int(time.time()) + SECONDS_OF_AN_ADDRESS)
    return f"{request.base_url}models/{job.id}.glb?expires={expires}&sig={_sign(job.id, expires)}"


def _sign(job_id: str, expires: str) -> str:
    return hmac.new(SIGNING_KEY, f"{job_id} {expires}".encode(), "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="", help="the only key that is let in; any of Tripo's form, when empty")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each task takes")
    parser.add_argument("--fault-rate", type=float, default=0, help="which share of the tasks goes wrong")
    chosen = parser.parse_args()
    emulator = TripoEmulator(key=chosen.key, delay_s=chosen.delay, fault_rate=chosen.fault_rate)
    serve_forever(emulator.app, chosen.port)


if __name__ == "__main__":
    main()
