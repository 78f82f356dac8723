import io
import json
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.spatial import ConvexHull, Delaunay

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
    drawings.balloon,
    drawings.portrait,
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


def above_plinth(model: trimesh.Trimesh) -> np.ndarray:
    """Which vertices belong to the subject itself."""
    low = model.vertices[:, 1].min()
    return model.vertices[:, 1] > low + 0.14 * np.ptp(model.vertices[:, 1])


def test_a_disc_swells_most_in_its_middle_and_more_in_front_than_behind() -> None:
    model = figure_of(drawings.disc)
    points = model.vertices[above_plinth(model)]
    centre = (points[:, :2].max(axis=0) + points[:, :2].min(axis=0)) / 2
    radius = np.linalg.norm(points[:, :2] - centre, axis=1)
    front, back = points[:, 2].argmax(), points[:, 2].argmin()
    edge = np.median(points[radius > 0.95 * np.ptp(points[:, 0]) / 2, 2])
    assert max(radius[front], radius[back]) < 0.15
    assert points[front, 2] - edge > 1.2 * (edge - points[back, 2]) > 0.2


def test_a_body_is_a_good_deal_deeper_than_a_pillow() -> None:
    model = figure_of(drawings.bust)
    head = model.vertices[model.vertices[:, 1] > 0.1]
    assert np.ptp(head[:, 2]) > 0.7 * np.ptp(head[:, 0])


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_every_figure_stands_on_a_flat_foot_that_is_most_of_its_footprint(drawing: Drawing) -> None:
    points = figure_of(drawing).vertices
    ground = points[points[:, 1] < points[:, 1].min() + 1e-6][:, [0, 2]]
    assert ConvexHull(ground).volume > 0.6 * ConvexHull(points[:, [0, 2]]).volume
    middle = figure_of(drawing).center_mass[[0, 2]]
    assert Delaunay(ground).find_simplex(middle) >= 0


@pytest.mark.parametrize("drawing", [drawings.disc, drawings.two_discs, drawings.lollipop, drawings.balloon])
def test_subject_and_plinth_are_one_body(drawing: Drawing) -> None:
    assert figure_of(drawing).body_count == 1


def test_left_is_left_and_top_is_top() -> None:
    model = figure_of(drawings.disc)
    front = above_plinth(model) & (model.vertices[:, 2] > 0.1)
    left = front & (model.vertices[:, 0] < -0.1)
    right = front & (model.vertices[:, 0] > 0.1)
    assert np.abs(colour_at(model, left) - drawings.RED).max() < 30
    assert np.abs(colour_at(model, right) - drawings.BLUE).max() < 30
    bust = figure_of(drawings.bust).vertices
    assert np.ptp(bust[bust[:, 1] > 0.2][:, 0]) < np.ptp(bust[bust[:, 1] < -0.3][:, 0])


def test_the_back_has_the_colours_of_the_rim_and_no_mirrored_face() -> None:
    model = figure_of(drawings.portrait)
    subject = above_plinth(model)
    front = subject & (model.vertices[:, 2] > 0.12)
    back = subject & (model.vertices[:, 2] < -0.12)
    skin, hair = np.array(drawings.SKIN), np.array(drawings.HAIR)
    assert (np.abs(colour_at(model, front) - skin).max(axis=1) < 40).mean() > 0.3
    colours = colour_at(model, back)
    assert np.abs(np.median(colours, axis=0) - hair).max() < 25
    assert (np.abs(colours - skin).max(axis=1) > 60).all()


@pytest.mark.parametrize("drawing", [drawings.disc, drawings.ring, drawings.bust, drawings.two_discs])
def test_what_lies_behind_transparent_pixels_is_nowhere_in_the_texture(drawing: Drawing) -> None:
    picture = np.asarray(figure_of(drawing).visual.material.baseColorTexture.convert("RGB"), np.int16)
    magenta = np.minimum(picture[..., 0], picture[..., 2]) - picture[..., 1]
    assert magenta.max() < 120


def test_a_hole_stays_a_hole() -> None:
    model = figure_of(drawings.ring)
    points = model.vertices[above_plinth(model)][:, :2]
    centre = np.array([0, points[:, 1].max() - np.ptp(points[:, 0]) / 2])
    assert np.linalg.norm(points - centre, axis=1).min() > 0.15
    assert model.euler_number == 0


def test_several_parts_stand_apart_on_one_plinth() -> None:
    model = figure_of(drawings.two_discs)
    assert model.euler_number == 2
    waist = np.abs(model.vertices[above_plinth(model), 0]).min()
    assert waist > 0.05


def test_a_thin_stick_keeps_a_body() -> None:
    points = figure_of(drawings.lollipop).vertices
    stick = points[(points[:, 1] < 0) & (points[:, 1] > -0.35)]
    assert np.ptp(stick[:, 2]) > 0.01


def test_shading_inside_the_outline_becomes_relief() -> None:
    plain, eyed = drawings.disc(), drawings.disc()
    eyed.paste((20, 10, 10, 255), (90, 130, 110, 150))
    flat, carved = (open_figure(cutout).vertices for cutout in (plain, eyed))
    # The eye's middle is at (100, 140) of 300, the disc 200 wide around (150, 150): measured from its top.
    scale = np.ptp(flat[flat[:, 1] > 0][:, 0]) / 200
    place = np.array([(100 - 150) * scale, flat[:, 1].max() - 90 * scale])
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
