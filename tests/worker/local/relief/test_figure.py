import io
import json
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.worker.local.relief import drawings
from worker.files.meshes import inspect_model
from worker.local.relief.figure import make_figure
from worker.local.relief.silhouette import NoSubject

Drawing = Callable[[], Image.Image]
DRAWINGS = [
    drawings.disc,
    drawings.ring,
    drawings.two_discs,
    drawings.lollipop,
    drawings.bust,
    drawings.checkerboard,
    drawings.stretched,
    drawings.opaque,
]


def open_figure(cutout: Image.Image) -> trimesh.Trimesh:
    model = trimesh.load(io.BytesIO(make_figure(cutout)), file_type="glb", force="mesh")
    assert isinstance(model, trimesh.Trimesh)
    return model


@cache
def figure_of(drawing: Drawing) -> trimesh.Trimesh:
    """The figure of a drawing, to look at and not to change: made once."""
    return open_figure(drawing())


def document_of(glb: bytes) -> dict:
    return json.loads(glb[20 : 20 + struct.unpack_from("<I", glb, 12)[0]])


def colour_at(model: trimesh.Trimesh, chosen: np.ndarray) -> np.ndarray:
    """The texture's colours (N, 3) at the chosen vertices."""
    picture = model.visual.material.baseColorTexture.convert("RGB")
    width, height = picture.size
    uv = model.visual.uv[chosen]
    columns, rows = (uv[:, 0] * width).astype(int), ((1 - uv[:, 1]) * height).astype(int)
    return np.asarray(picture, np.int16)[rows.clip(0, height - 1), columns.clip(0, width - 1)]


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_every_shape_becomes_a_closed_body(drawing: Drawing) -> None:
    model = figure_of(drawing)
    assert model.is_watertight
    assert model.is_winding_consistent
    assert model.volume > 0
    assert np.isfinite(model.vertices).all()
    assert np.allclose(np.linalg.norm(model.vertex_normals, axis=1), 1, atol=1e-3)


def test_the_inspection_finds_it_closed_and_centred_with_its_longest_side_1() -> None:
    facts = inspect_model(make_figure(drawings.lollipop()))
    low, high = np.array(facts.bounds)
    assert facts.watertight
    assert np.allclose(low, -high, atol=1e-6)
    assert (high - low).max() == pytest.approx(1, abs=1e-5)
    assert (high - low).argmax() == 1
    assert 60_000 < facts.faces < 140_000


def test_a_disc_swells_most_in_its_middle_and_more_in_front_than_behind() -> None:
    points = figure_of(drawings.disc).vertices
    front, back = points[:, 2].argmax(), points[:, 2].argmin()
    middle = points[points[:, 2] < points[:, 2].mean()][:, :2].mean(axis=0)
    assert np.linalg.norm(points[front, :2]) < 0.1
    assert np.abs(middle).max() < 0.02
    rim = np.linalg.norm(points[:, :2], axis=1) > 0.48
    edge = np.median(points[rim, 2])
    assert points[front, 2] - edge > 1.4 * (edge - points[back, 2]) > 0.1


def test_left_is_left_and_top_is_top() -> None:
    model = figure_of(drawings.disc)
    front = model.vertices[:, 2] > 0.1
    left = front & (model.vertices[:, 0] < -0.1)
    right = front & (model.vertices[:, 0] > 0.1)
    assert np.abs(colour_at(model, left) - drawings.RED).max() < 30
    assert np.abs(colour_at(model, right) - drawings.BLUE).max() < 30
    bust = figure_of(drawings.bust).vertices
    assert np.ptp(bust[bust[:, 1] > 0.2][:, 0]) < np.ptp(bust[bust[:, 1] < -0.3][:, 0])


@pytest.mark.parametrize("drawing", [drawings.disc, drawings.ring, drawings.bust, drawings.two_discs])
def test_what_lies_behind_transparent_pixels_is_nowhere_in_the_texture(drawing: Drawing) -> None:
    picture = np.asarray(figure_of(drawing).visual.material.baseColorTexture.convert("RGB"), np.int16)
    magenta = np.minimum(picture[..., 0], picture[..., 2]) - picture[..., 1]
    assert magenta.max() < 120


def test_a_hole_stays_a_hole() -> None:
    model = figure_of(drawings.ring)
    assert np.linalg.norm(model.vertices[:, :2], axis=1).min() > 0.15
    assert model.euler_number == 0


def test_several_parts_stay_apart() -> None:
    assert figure_of(drawings.two_discs).euler_number == 4


def test_a_thin_stick_keeps_a_body() -> None:
    points = figure_of(drawings.lollipop).vertices
    stick = points[(points[:, 1] < 0) & (points[:, 1] > -0.4)]
    assert np.ptp(stick[:, 2]) > 0.01


def test_a_bust_stands_on_the_edge_that_cut_it_off() -> None:
    points = figure_of(drawings.bust).vertices
    low = points[:, 1].min()
    ground = points[points[:, 1] < low + 1e-4]
    assert np.ptp(ground[:, 0]) > 0.7
    assert np.ptp(ground[:, 2]) > 0.15


def test_shading_inside_the_outline_becomes_relief() -> None:
    plain, eyed = drawings.disc(), drawings.disc()
    eyed.paste((20, 10, 10, 255), (90, 130, 110, 150))
    flat, carved = (open_figure(cutout).vertices for cutout in (plain, eyed))
    # The eye's middle is at (100, 140) of 300, the disc 200 wide around (150, 150).
    place = np.array([(100 - 150) / 200, (150 - 140) / 200])
    depths = [
        points[(np.linalg.norm(points[:, :2] - place, axis=1) < 0.02) & (points[:, 2] > 0)][:, 2].mean()
        for points in (flat, carved)
    ]
    assert depths[0] - depths[1] > 0.005


def test_the_file_is_one_small_self_contained_matt_mesh_with_normals() -> None:
    glb = make_figure(drawings.bust().resize((1600, 1600)))
    document = document_of(glb)
    material = document["materials"][0]["pbrMetallicRoughness"]
    primitive = document["meshes"][0]["primitives"][0]
    assert max(texture_of(glb).size) <= 1024
    assert (material["metallicFactor"], material["roughnessFactor"]) == (0, pytest.approx(0.85))
    assert {"POSITION", "NORMAL", "TEXCOORD_0"} <= set(primitive["attributes"])
    assert not any("uri" in part for part in [*document["buffers"], *document["images"]])
    assert document["images"][0]["mimeType"] == "image/jpeg"
    assert len(glb) <= 4 * 1024 * 1024


def texture_of(glb: bytes) -> Image.Image:
    model = trimesh.load(io.BytesIO(glb), file_type="glb", force="mesh")
    return model.visual.material.baseColorTexture


def test_the_same_cut_out_gives_the_same_file() -> None:
    assert make_figure(drawings.disc()) == make_figure(drawings.disc())


@pytest.mark.parametrize("size", [(20, 20), (90, 60), (3000, 2000)])
def test_any_size_gives_a_fine_mesh(size: tuple[int, int]) -> None:
    model = open_figure(drawings.two_discs().resize(size))
    assert model.is_watertight
    assert len(model.faces) > 20_000


def test_progress_rises_to_one() -> None:
    heard: list[float] = []
    make_figure(drawings.disc(), report=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1


@pytest.mark.parametrize(
    "cutout",
    [
        drawings.blank(200, 200),
        Image.new("RGBA", (1, 1), "red"),
        Image.new("RGBA", (1, 5000), "red"),
        drawings.disc(40, 4),
    ],
    ids=["empty", "pixel", "line", "speck"],
)
def test_no_subject_is_said_by_name(cutout: Image.Image) -> None:
    with pytest.raises(NoSubject):
        make_figure(cutout)
