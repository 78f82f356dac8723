"""What can go wrong at Tripo, by name: each upload that begins a run is given one fault, or none, for all of the run.

Of the upload: upload-limited {retryAfter}, upload-error {status}, upload-silence, upload-malformed.
Of the creation: rate-limited {retryAfter}, limited-inside-200, exhausted, server-error {status}, gateway {status},
invalid, malformed-body, unknown-model, model-not-found, rejected, forbidden, silence (takes the task and never
answers), malformed, unnamed, strange-name {name}.
Of the task: queue {polls} or {seconds}, never, unknown {polls}, failed, failed-content, banned, cancelled,
expired-task, lost, and for `times` looks (1): status-limited {retryAfter}, status-error {status}, status-malformed,
status-senseless, status-refused, status-silence, status-inside-200.
Of the result: no-model, elsewhere {url}, and of the file: html, empty, empty-scene, cut-short, bomb, packed, huge,
drip, redirect {to}, expired, and for `times` fetches (1): expired-once, file-error {status}.
"""

import asyncio
import gzip
import io
import json
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import trimesh
from PIL import Image
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from tests.emulators.fal_faults import SECONDS_OF_SILENCE, Fault

# Those that `--fault-rate` picks from: all of them pass or end a run as soon as a request's time is over.
USUAL = (
    "upload-limited",
    "upload-error",
    "upload-malformed",
    "rate-limited",
    "limited-inside-200",
    "server-error",
    "gateway",
    "unknown-model",
    "rejected",
    "silence",
    "malformed",
    "unnamed",
    "failed",
    "failed-content",
    "banned",
    "cancelled",
    "expired-task",
    "lost",
    "status-limited",
    "status-error",
    "status-malformed",
    "status-inside-200",
    "no-model",
    "html",
    "empty-scene",
    "cut-short",
    "bomb",
    "expired",
    "expired-once",
    "file-error",
)
ENDS = {
    "failed": ("failed", 1001),
    "failed-content": ("failed", 2008),
    "banned": ("banned", None),
    "cancelled": ("cancelled", None),
    "expired-task": ("expired", None),
}
GLTF_MAGIC, JSON_CHUNK = b"glTF", b"JSON"


def succeed(data: Any) -> JSONResponse:
    """An answer in Tripo's envelope."""
    return JSONResponse({"code": 0, "data": data})


def refuse(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal of Tripo's own."""
    body = {"code": code, "status": "error", "message": message, "suggestion": "Look at https://docs.tripo3d.ai/?k=1"}
    return JSONResponse({**body, "request_id": "00000000-0000-4000-8000-000000000000"}, status, headers)


def gateway_page(status: int) -> HTMLResponse:
    """What a gateway before Tripo says when it cannot reach Tripo."""
    return HTMLResponse("<html><center>gateway trouble</center></html>", status)


def _limited(fault: Fault) -> Response:
    return refuse(429, 2000, "You have exceeded the limit of generation", fault.retry_after())


async def answer_upload(fault: Fault) -> Response | None:
    """What is answered instead of taking the image; None when it is taken."""
    if fault.name == "upload-silence":
        await asyncio.sleep(SECONDS_OF_SILENCE)
    answers: dict[str, Callable[[], Response]] = {
        "upload-limited": lambda: _limited(fault),
        "upload-error": lambda: refuse(fault.values.get("status", 500), 1000, "Unknown error on server side"),
        "upload-malformed": lambda: Response("{not json", media_type="application/json"),
    }
    return answers[fault.name]() if fault.name in answers else None


def answer_creation(fault: Fault) -> Response | None:
    """What is answered instead of taking the task; None when it is taken."""
    answers: dict[str, Callable[[], Response]] = {
        "rate-limited": lambda: _limited(fault),
        "limited-inside-200": lambda: refuse(200, 2000, "You have exceeded the limit of generation"),
        "exhausted": lambda: refuse(403, 2010, "You do not have enough credits"),
        "forbidden": lambda: refuse(403, 1005, "You are not allowed to do this"),
        "server-error": lambda: refuse(fault.values.get("status", 500), 1001, "Fatal error on server side"),
        "gateway": lambda: gateway_page(fault.values.get("status", 502)),
        "invalid": lambda: refuse(400, 1004, "One or more of your parameter is invalid"),
        "malformed-body": lambda: refuse(400, 1003, "The request body is malformed"),
        "unknown-model": lambda: refuse(400, 2017, "The model version is invalid"),
        "model-not-found": lambda: refuse(404, 2001, "Not found"),
        "rejected": lambda: refuse(400, 2008, "The input violates our content policy"),
    }
    return answers[fault.name]() if fault.name in answers else None


async def answer_status(fault: Fault) -> Response | None:
    """What is answered instead of the task's description."""
    if fault.name == "lost":
        return refuse(404, 2001, "Task not found")
    answers: dict[str, Callable[[], Response]] = {
        "status-limited": lambda: _limited(fault),
        "status-error": lambda: gateway_page(fault.values.get("status", 502)),
        "status-malformed": lambda: Response("{not json", media_type="application/json"),
        "status-refused": lambda: refuse(401, 1002, "Authentication failed"),
        "status-inside-200": lambda: refuse(200, 1000, "Unknown error on server side"),
        "status-senseless": lambda: Response('{"code": 0, "data": {"status": "running", "progress": 1e999}}'),
    }
    if fault.name in answers and fault.strikes(fault.name):
        return answers[fault.name]()
    if fault.strikes("status-silence"):
        await asyncio.sleep(SECONDS_OF_SILENCE)
    return None


async def answer_file(fault: Fault, image: Image.Image) -> Response:
    """The model, or what is there instead."""
    if fault.name == "expired" or fault.strikes("expired-once"):
        return Response("<Error><Code>AccessDenied</Code></Error>", 403)
    if fault.strikes("file-error"):
        return Response("away", fault.values.get("status", 503))
    whole = figure(image)
    answers: dict[str, Callable[[], Response]] = {
        "redirect": lambda: RedirectResponse(fault.values["to"], 302),
        "html": lambda: HTMLResponse("<h1>Sorry</h1>"),
        "empty": lambda: Response(b""),
        "empty-scene": lambda: Response(empty_scene()),
        "cut-short": lambda: Response(whole[: len(whole) // 2]),
        "bomb": lambda: Response(gzip.compress(bytes(50_000_000))),
        "packed": lambda: Response(gzip.compress(whole), headers={"Content-Encoding": "gzip"}),
        "huge": lambda: StreamingResponse(_endless()),
        "drip": lambda: StreamingResponse(_drip(whole)),
    }
    return answers.get(fault.name, lambda: Response(whole, media_type="model/gltf-binary"))()


def figure(image: Image.Image) -> bytes:
    """A GLB of a ball with the image around it."""
    ball = trimesh.creation.icosphere(subdivisions=2)
    east, height, north = ball.vertices.T
    around = np.column_stack([0.5 + np.arctan2(north, east) / (2 * np.pi), 0.5 + np.arcsin(height.clip(-1, 1)) / np.pi])
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=image.convert("RGB").resize((64, 64)))
    ball.visual = trimesh.visual.TextureVisuals(uv=around, material=material)
    return bytes(ball.export(file_type="glb"))


def empty_scene() -> bytes:
    """A GLB that is right in every way, and shows nothing."""
    scene = json.dumps({"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": []}]}).encode()
    scene += b" " * (-len(scene) % 4)
    header = GLTF_MAGIC + struct.pack("<II", 2, 20 + len(scene))
    return header + struct.pack("<I", len(scene)) + JSON_CHUNK + scene


def open_image(data: bytes) -> Image.Image:
    """The uploaded image; raises OSError for anything that Tripo does not take."""
    image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"])
    image.load()
    return image


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1_000_000)
        await asyncio.sleep(0)


async def _drip(data: bytes) -> AsyncIterator[bytes]:
    for byte in data[:-1]:
        yield bytes([byte])
        await asyncio.sleep(0.05)
    await asyncio.sleep(SECONDS_OF_SILENCE)
