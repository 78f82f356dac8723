import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual.material import PBRMaterial
from trimesh.visual.texture import TextureVisuals

from worker.files import glb
from worker.files.meshes import BrokenModel, inspect_model, render_preview

GREEN = (20, 200, 40)
Change = Callable[[dict[str, Any]], Any]


def box_glb() -> bytes:
    return bytes(trimesh.creation.box((2, 4, 6)).export(file_type="glb"))


def textured_glb(colour: tuple[int, int, int] = GREEN) -> bytes:
    sphere = trimesh.creation.icosphere(3)
    material = PBRMaterial(baseColorTexture=Image.new("RGB", (16, 16), colour), metallicFactor=0.0)
    sphere.visual = TextureVisuals(uv=np.full((len(sphere.vertices), 2), 0.5), material=material)
    return bytes(sphere.export(file_type="glb"))


def parts_of(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def join(document: Any, binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def changed(change: Change, data: bytes | None = None) -> bytes:
    document, binary = parts_of(data or box_glb())
    change(document)
    return join(document, binary)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is this large and holds nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def with_image(image: bytes) -> bytes:
    document, binary = parts_of(textured_glb())
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    view["byteOffset"], view["byteLength"] = len(binary), len(image)
    document["buffers"][0]["byteLength"] = len(binary) + len(image)
    return join(document, binary + image)


def with_positions(change: Callable[[np.ndarray], None]) -> bytes:
    document, binary = parts_of(box_glb())
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    view = document["bufferViews"][accessor["bufferView"]]
    start = view.get("byteOffset", 0)
    points = np.frombuffer(binary[start : start + view["byteLength"]], "<f4").copy()
    change(points)
    return join(document, binary[:start] + points.tobytes() + binary[start + view["byteLength"] :])


def pixels_of(poster: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(poster)) as picture:
        assert (picture.format, picture.size, picture.mode) == ("WEBP", (512, 512), "RGBA")
        return np.asarray(picture).astype(int)


def test_the_facts_of_a_box_are_right() -> None:
    facts = inspect_model(box_glb())
    assert (facts.faces, facts.watertight) == (12, True)
    assert facts.bounds == [[-1, -2, -3], [1, 2, 3]]


def test_an_open_surface_is_not_watertight() -> None:
    box = trimesh.creation.box()
    box.update_faces(np.arange(12) > 0)
    assert not inspect_model(box.export(file_type="glb")).watertight


def test_seams_of_the_texture_are_no_holes() -> None:
    box = trimesh.creation.box()
    split = trimesh.Trimesh(box.triangles.reshape(-1, 3), np.arange(36).reshape(-1, 3), process=False)
    facts = inspect_model(split.export(file_type="glb"))
    assert (facts.vertices, facts.watertight) == (36, True)


def test_a_mesh_used_twice_counts_twice_where_it_stands() -> None:
    scene = trimesh.Scene()
    scene.add_geometry(trimesh.creation.box(), geom_name="box")
    scene.graph.update("second", matrix=trimesh.transformations.translation_matrix([10, 0, 0]), geometry="box")
    facts = inspect_model(scene.export(file_type="glb"))
    assert facts.faces == 24
    assert facts.bounds == [[-0.5, -0.5, -0.5], [10.5, 0.5, 0.5]]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"glTF",
        b"<html>not found</html>" * 20,
        Image.new("RGB", (4, 4)).tobytes(),
        box_glb()[:-10],
        box_glb()[:40],
        join([], b""),
        join({}, b""),
        join({"asset": {"version": "2.0"}}, b""),
        struct.pack("<4sII", b"glTF", 1, 20) + bytes(8),
        struct.pack("<4sII", b"glTF", 2, 8) + struct.pack("<I4s", 4, b"JSON") + b"{{{{",
        join({}, b"").replace(b"{}", b"[" * 2),
        trimesh.creation.box().export(file_type="stl"),
        trimesh.PointCloud(np.random.default_rng(0).random((50, 3))).export(file_type="glb"),
    ],
)
def test_what_is_no_model_is_refused_by_name(data: bytes) -> None:
    for look in (inspect_model, render_preview):
        with pytest.raises(BrokenModel):
            look(data)


def test_a_description_that_nests_without_end_is_refused() -> None:
    text = b"[" * 200_000
    with pytest.raises(BrokenModel):
        inspect_model(struct.pack("<4sII", b"glTF", 2, 0) + struct.pack("<I4s", len(text), b"JSON") + text)


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points.fill(np.nan),
        lambda points: points.__setitem__(0, np.inf),
        lambda points: points.__setitem__(0, 1e30),
        lambda points: points.fill(1),
    ],
    ids=["nan", "infinite", "far", "a point"],
)
def test_corners_that_are_nowhere_or_all_in_one_place_are_refused(change: Callable[[np.ndarray], None]) -> None:
    with pytest.raises(BrokenModel):
        inspect_model(with_positions(change))


def refer_outside(document: dict[str, Any]) -> None:
    document["buffers"][0]["uri"] = "http://127.0.0.1:1/scene.bin"


def read_the_disk(document: dict[str, Any]) -> None:
    document["images"] = [{"uri": "../../../../etc/passwd"}]


def multiply(document: dict[str, Any]) -> None:
    mesh = next(node["mesh"] for node in document["nodes"] if "mesh" in node)
    document["nodes"] += [{"mesh": mesh}] * 9_000
    document["accessors"] += [{"count": 3_000, "componentType": 5125, "type": "SCALAR"}]
    document["meshes"][mesh]["primitives"][0]["indices"] = len(document["accessors"]) - 1


def turn_in_a_circle(document: dict[str, Any]) -> None:
    document["nodes"] += [{"children": [len(document["nodes"]) + 1]}, {"children": [len(document["nodes"])]}]


def share_a_child(document: dict[str, Any]) -> None:
    first = len(document["nodes"])
    document["nodes"] += [{"children": [first + 2]}, {"children": [first + 2]}, {}]


def demand_memory(document: dict[str, Any]) -> None:
    document["accessors"].append({"count": 10**12, "componentType": 5126, "type": "MAT4"})


def copy_the_file(document: dict[str, Any]) -> None:
    document["bufferViews"] *= 100


def reach_beyond(document: dict[str, Any]) -> None:
    document["bufferViews"][0]["byteLength"] = 10**9


def point_nowhere(document: dict[str, Any]) -> None:
    document["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = 77


def lie_about_faces(document: dict[str, Any]) -> None:
    primitive = document["meshes"][0]["primitives"][0]
    document["accessors"][primitive["attributes"]["POSITION"]]["count"] = 3


@pytest.mark.parametrize(
    "change",
    [
        refer_outside,
        read_the_disk,
        multiply,
        turn_in_a_circle,
        share_a_child,
        demand_memory,
        copy_the_file,
        reach_beyond,
        point_nowhere,
        lie_about_faces,
    ],
)
def test_a_model_made_to_do_harm_is_refused_before_it_is_opened(change: Change) -> None:
    with pytest.raises(BrokenModel):
        inspect_model(changed(change))


def test_a_file_or_mesh_beyond_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = box_glb()
    monkeypatch.setattr(glb, "MOST_FACES", 11)
    with pytest.raises(BrokenModel, match="12 faces"):
        inspect_model(data)
    monkeypatch.setattr(glb, "LARGEST_FILE", len(data) - 1)
    with pytest.raises(BrokenModel, match="bytes"):
        inspect_model(data)


@pytest.mark.parametrize(
    "image", [png_header(10_000, 4_001), png_header(60_000, 60_000), b"not an image", b"", b"GIF89a" + bytes(60)]
)
def test_a_texture_that_would_burst_or_is_none_is_refused(image: bytes) -> None:
    with pytest.raises(BrokenModel):
        inspect_model(with_image(image))


def test_a_texture_that_is_cut_short_is_refused_when_it_is_needed() -> None:
    with pytest.raises(BrokenModel):
        render_preview(with_image(png_header(64, 64)))


def test_the_preview_shows_the_texture_on_a_clear_background() -> None:
    pixels = pixels_of(render_preview(textured_glb()))
    assert pixels[4, 4, 3] == 0
    assert pixels[256, 256, 3] == 255
    solid = pixels[pixels[..., 3] == 255]
    assert 0.6 < len(solid) / 512**2 < 0.7
    assert (solid[:, 1] > solid[:, 0] + 60).all()


def test_the_preview_is_lit_from_above_and_shows_the_front() -> None:
    pixels = pixels_of(render_preview(textured_glb((200, 200, 200))))
    assert pixels[120, 256, 0] > pixels[400, 256, 0] + 15
    faces = trimesh.creation.box((1, 1, 1))
    red_front = np.where(faces.face_normals[:, 2:] > 0.5, [[250, 0, 0, 255]], [[0, 0, 250, 255]]).astype(np.uint8)
    box = trimesh.Trimesh(faces.triangles.reshape(-1, 3), np.arange(36).reshape(-1, 3), process=False)
    box.visual.vertex_colors = np.repeat(red_front, 3, axis=0)
    seen = pixels_of(render_preview(box.export(file_type="glb")))
    red = (seen[..., 0] > 100) & (seen[..., 2] < 60)
    blue = (seen[..., 2] > 100) & (seen[..., 0] < 60)
    assert red.sum() > blue.sum() > 10_000
    assert np.nonzero(red)[1].mean() < np.nonzero(blue)[1].mean()


def test_many_large_triangles_over_each_other_cost_no_more_than_the_rest() -> None:
    rng = np.random.default_rng(0)
    corners = rng.random((3_000, 3)) * 2 - 1
    soup = trimesh.Trimesh(corners, rng.integers(0, 3_000, (20_000, 3)), process=False)
    assert pixels_of(render_preview(soup.export(file_type="glb")))[256, 256, 3] == 255
