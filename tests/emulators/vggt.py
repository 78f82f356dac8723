"""What VGGT answers to an image: a scene that could be true, computed from the image's own outline.

As the model does, the image is shrunk until its longer side is 518 pixels, and padded to a square around its middle.
Inside the outline the scene bulges towards the camera; the background and, with high confidence, the padding are a flat
wall behind it, which has no business in a point cloud of the subject.

What can be wrong with the file of a scene: html, bomb, packed, huge, drip, redirect {to}, expired, cut-short, not-json,
not-scene, wrong-shape, short-data, no-points, not-finite, and for `times` fetches (1): expired-once,
file-error {status}.
"""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from tests.emulators.fal_faults import Fault

SIDE, PATCH = 518, 14
FOCAL = 600.0
# Metres, as it were, from the camera.
WALL, SUBJECT = 4.0, 2.0
PADDING_CONFIDENCE, WALL_CONFIDENCE, RIM_CONFIDENCE = 25.0, 2.0, 3.0
SHAPES = {"wrong-shape", "short-data", "no-points", "not-finite"}


def answer_scene(fault: Fault, image: bytes) -> Response:
    """The file of a scene, or what is there instead."""
    if fault.name == "expired" or fault.strikes("expired-once"):
        return Response("expired", 403)
    if fault.strikes("file-error"):
        return Response("away", fault.values.get("status", 503))
    answers: dict[str, Callable[[], Response]] = {
        "html": lambda: HTMLResponse("<h1>Sorry</h1>"),
        "bomb": lambda: Response(gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}),
        "packed": lambda: Response(gzip.compress(scene_bytes(image)), media_type="application/gzip"),
        "huge": lambda: StreamingResponse(_endless(), media_type="application/json"),
        "drip": lambda: StreamingResponse(_drip(), media_type="application/json"),
        "redirect": lambda: RedirectResponse(fault.values["to"], 302),
        "not-json": lambda: Response("{not json"),
        "not-scene": lambda: JSONResponse([1, 2, 3]),
        "cut-short": lambda: Response(scene_bytes(image)[:10_000]),
    }
    if fault.name in answers:
        return answers[fault.name]()
    shape = fault.name if fault.name in SHAPES else ""
    return Response(scene_bytes(image, shape), media_type="application/json")


@lru_cache(maxsize=16)
def scene_bytes(image: bytes, shape: str = "") -> bytes:
    """The JSON file of a scene; `shape` names a way in which its arrays are wrong."""
    picture = Image.open(BytesIO(image)).convert("RGBA")
    points, confidence, pixels = see(picture)
    if shape == "wrong-shape":
        points = points[:-1]
    if shape == "not-finite":
        points = np.full_like(points, np.nan)
    scene: dict[str, Any] = {
        "image": _packed(pixels),
        "pose_enc": _packed(np.array([0, 0, 0, 0, 0, 0, 1, 0.8, 0.8], np.float32)),
        "depth": _packed(points[..., 2:]),
        "depth_conf": _packed(confidence),
        "world_points": _packed(points),
        "world_points_conf": _packed(confidence),
        "original_image": {"width": picture.width, "height": picture.height},
    }
    if shape == "no-points":
        del scene["world_points"]
    if shape == "short-data":
        scene["world_points"]["data"] = scene["world_points"]["data"][:100]
    return json.dumps(scene).encode()


def see(picture: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """The point of each pixel of the padded square, how sure it is, and the pixels themselves."""
    width, height = fitted(picture.size)
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    square = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255))
    small = picture.resize((width, height))
    square.paste(small, (left, top))
    alpha = Image.new("L", (SIDE, SIDE))
    alpha.paste(small.getchannel("A"), (left, top))
    inside = np.asarray(alpha) > 127
    left_edge, top_edge, right_edge, bottom_edge = alpha.getbbox() or (0, 0, SIDE, SIDE)
    breadth = min(right_edge - left_edge, bottom_edge - top_edge)
    swell = np.asarray(alpha.filter(ImageFilter.GaussianBlur(breadth / 8)), np.float32) / 255
    bulge = breadth / 2 / FOCAL * SUBJECT
    depth = np.where(inside, SUBJECT - bulge * np.sqrt(swell), WALL).astype(np.float32)
    down, right = np.mgrid[:SIDE, :SIDE].astype(np.float32) - (SIDE - 1) / 2
    points = np.stack([right / FOCAL * depth, down / FOCAL * depth, depth], axis=-1).astype(np.float32)
    confidence = np.full((SIDE, SIDE), PADDING_CONFIDENCE, np.float32)
    confidence[top : top + height, left : left + width] = WALL_CONFIDENCE
    confidence[inside] = RIM_CONFIDENCE + 10 * swell[inside]
    return points, confidence, np.asarray(square.convert("RGB"))


def fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size of an image within the square: the longer side fills it, and both are whole patches of 14."""
    width, height = (max(round(side * SIDE / max(size) / PATCH), 1) * PATCH for side in size)
    return width, height


def _packed(array: NDArray[Any]) -> dict[str, Any]:
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "data": data}


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 1_000_000
        await asyncio.sleep(0)


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.05)
