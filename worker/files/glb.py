"""Looks over a GLB file before any library opens it: nothing in it may reach outside, or grow beyond measure."""

import io
import json
import struct
from typing import Any

from PIL import Image

LARGEST_FILE = 100 * 1024 * 1024
LARGEST_JSON = 8 * 1024 * 1024
LARGEST_ARRAYS = 400 * 1024 * 1024
MOST_FACES = 2_000_000
MOST_NODES = 10_000
MOST_IMAGES = 64
MOST_PIXELS = 40_000_000
IMAGE_FORMATS = ["PNG", "JPEG", "WEBP"]
COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5124: 4, 5125: 4, 5126: 4}
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TRIANGLES = 4
JSON_CHUNK = 0x4E4F534A
BINARY_CHUNK = 0x004E4942


class BrokenModel(ValueError):
    """The file is no 3D model that we can show: not a GLB, empty, damaged, or made to do harm."""


class EmptyModel(BrokenModel):
    """The file is a model of nothing."""


def check_glb(data: bytes) -> None:
    """Raise BrokenModel unless data is a self-contained GLB 2.0 of bearable size; nothing in it is decoded."""
    if len(data) > LARGEST_FILE:
        raise BrokenModel(f"The file has {len(data)} bytes.")
    document, binary = _split(data)
    try:
        _check_references(document)
        _check_sizes(document, len(binary))
        _check_nodes(document)
        _check_images(document, binary)
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise BrokenModel(f"The description does not hold together: {error!r}") from error


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the description and the binary part of a GLB."""
    if len(data) < 20 or data[:4] != b"glTF" or struct.unpack_from("<I", data, 4)[0] != 2:  # noqa: PLR2004
        raise BrokenModel("The file is not a GLB 2.0.")
    chunks: dict[int, bytes] = {}
    place = 12
    while place + 8 <= len(data):
        length, kind = struct.unpack_from("<II", data, place)
        place += 8
        if place + length > len(data):
            raise BrokenModel("The file is cut short.")
        chunks.setdefault(kind, data[place : place + length])
        place += length
    raw = chunks.get(JSON_CHUNK, b"")
    if len(raw) > LARGEST_JSON:
        raise BrokenModel(f"The description has {len(raw)} bytes.")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BrokenModel("The description cannot be read.") from error
    if not isinstance(document, dict):
        raise BrokenModel("The description is not an object.")
    return document, chunks.get(BINARY_CHUNK, b"")


def _check_references(document: dict[str, Any]) -> None:
    for item in [*document.get("buffers", []), *document.get("images", [])]:
        if "uri" in item:
            raise BrokenModel("The model refers to something outside its file.")
    if len(document.get("buffers", [])) > 1:
        raise BrokenModel("The model has more than one buffer.")


def _check_sizes(document: dict[str, Any], binary_bytes: int) -> None:
    views = document.get("bufferViews", [])
    for view in views:
        start = view.get("byteOffset", 0)
        length = view["byteLength"]
        if not (_is_count(start) and _is_count(length) and start + length <= binary_bytes):
            raise BrokenModel("A part of the model lies outside its file.")
    # Readers copy each view: many over the same bytes would multiply the file.
    if sum(view["byteLength"] for view in views) > 2 * binary_bytes:
        raise BrokenModel("The parts of the model overlap.")
    total = 0
    for accessor in document.get("accessors", []):
        if not _is_count(accessor["count"]):
            raise BrokenModel("A count is not a number.")
        total += accessor["count"] * COMPONENT_BYTES[accessor["componentType"]] * COMPONENTS[accessor["type"]]
    if total > LARGEST_ARRAYS:
        raise BrokenModel(f"The model would need {total} bytes of memory.")


def _check_nodes(document: dict[str, Any]) -> None:
    """Refuse a scene that is no tree, or in which the meshes, each as often as it is used, have too many faces."""
    nodes = document.get("nodes", [])
    if len(nodes) > MOST_NODES:
        raise BrokenModel(f"The scene has {len(nodes)} nodes.")
    children = [child for node in nodes for child in node.get("children", [])]
    if len(set(children)) != len(children) or not all(0 <= child < len(nodes) for child in children):
        raise BrokenModel("The scene is not a tree.")
    reached = [place for place in range(len(nodes)) if place not in set(children)]
    for place in reached:
        reached.extend(nodes[place].get("children", []))
    if len(reached) != len(nodes):
        raise BrokenModel("The scene turns in a circle.")
    sizes = [sum(_count_faces(document, part) for part in mesh["primitives"]) for mesh in document.get("meshes", [])]
    faces = max(sum(sizes), sum(sizes[node["mesh"]] for node in nodes if "mesh" in node))
    if not faces:
        raise EmptyModel("The model has no faces.")
    if faces > MOST_FACES:
        raise BrokenModel(f"The model has {faces} faces.")


def _count_faces(document: dict[str, Any], primitive: dict[str, Any]) -> int:
    mode = primitive.get("mode", TRIANGLES)
    if mode < TRIANGLES:
        return 0
    accessor = primitive["indices"] if "indices" in primitive else primitive["attributes"]["POSITION"]
    count: int = document["accessors"][accessor]["count"]
    return count // 3 if mode == TRIANGLES else max(0, count - 2)


def _check_images(document: dict[str, Any], binary: bytes) -> None:
    images = document.get("images", [])
    if len(images) > MOST_IMAGES:
        raise BrokenModel(f"The model has {len(images)} images.")
    total = 0
    for image in images:
        view = document["bufferViews"][image["bufferView"]]
        start = view.get("byteOffset", 0)
        try:
            with Image.open(io.BytesIO(binary[start : start + view["byteLength"]]), formats=IMAGE_FORMATS) as picture:
                pixels = picture.width * picture.height
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise BrokenModel("A texture cannot be read.") from error
        total += pixels
        if pixels > MOST_PIXELS or total > 4 * MOST_PIXELS:
            raise BrokenModel(f"The textures have {total} pixels.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
