import base64
from typing import Any

import numpy as np
import pytest
from PIL import Image

from worker.files.clouds import BrokenCloud
from worker.files.vggt import cloud_from_vggt

GREY, MARKER = (120, 120, 120), (250, 20, 30)
BACKGROUND_DEPTH = 900.0


def pack(array: np.ndarray) -> dict[str, Any]:
    raw = np.ascontiguousarray(array, "<f4").tobytes()
    return {"shape": list(array.shape), "dtype": "float32", "data": base64.b64encode(raw).decode()}


def scene_of(cutout: Image.Image, height: int, width: int, *, packed: bool = True, **changes: Any) -> dict[str, Any]:
    """What VGGT says of a plane: a pixel's point is its (column, row), 10 away, its confidence its number."""
    rows, columns = np.indices((height, width))
    points = np.stack([columns, rows, np.full((height, width), 10.0)], axis=2)
    confidence = 1 + (rows * width + columns) / 1e3
    write = pack if packed else np.ndarray.tolist
    scene = {
        "world_points": write(points),
        "world_points_conf": write(confidence),
        "original_image": {"width": cutout.width, "height": cutout.height},
    }
    return scene | changes


def wide_cutout() -> Image.Image:
    """840 by 420, its subject the middle third, with a marker 30 pixels wide around (450, 150)."""
    cutout = Image.new("RGBA", (840, 420), (0, 255, 0, 0))
    cutout.paste((*GREY, 255), (280, 0, 560, 420))
    cutout.paste((*MARKER, 255), (435, 135, 465, 165))
    return cutout


def is_marker(colours: np.ndarray) -> np.ndarray:
    return np.abs(colours.astype(int) - MARKER).max(axis=1) < 8


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "nested"])
def test_a_marker_s_colour_lands_on_its_own_points_of_a_padded_picture(packed: bool) -> None:
    # 840 x 420 on a square of 56: 56 x 28, padded by 14 above and below; a pixel of VGGT is 15 of the cut-out's.
    cloud = cloud_from_vggt(scene_of(wide_cutout(), 56, 56, packed=packed), wide_cutout())
    assert len(cloud.points) == 28 * len(range(19, 37))
    # The subject's 18 columns, 19 to 36, and 28 rows, 14 to 41: the longer side is 27 and becomes 1.
    marked = cloud.points[is_marker(cloud.colours)] * 27 + [27.5, -27.5, 0]
    assert sorted({(round(float(x)), round(float(-y))) for x, y, _ in marked}) == [
        (29, 23),
        (29, 24),
        (30, 23),
        (30, 24),
    ]


def test_a_tall_picture_is_padded_left_and_right() -> None:
    tall = wide_cutout().transpose(Image.Transpose.ROTATE_90)
    cloud = cloud_from_vggt(scene_of(tall, 56, 56), tall)
    marked = cloud.points[is_marker(cloud.colours)] * 27 + [27.5, -27.5, 0]
    # Turned left, what was at (450, 150) is at (150, 390): column 14 + 10, row 26.
    assert sorted({(round(float(x)), round(float(-y))) for x, y, _ in marked}) == [
        (23, 25),
        (23, 26),
        (24, 25),
        (24, 26),
    ]


def test_a_raster_of_the_picture_s_own_shape_has_no_padding() -> None:
    cloud = cloud_from_vggt(scene_of(wide_cutout(), 28, 56), wide_cutout())
    marked = cloud.points[is_marker(cloud.colours)] * 27 + [27.5, -13.5, 0]
    assert sorted({(round(float(x)), round(float(-y))) for x, y, _ in marked}) == [(29, 9), (29, 10), (30, 9), (30, 10)]


def test_the_shorter_side_is_rounded_to_whole_patches_as_vggt_does() -> None:
    cutout = Image.new("RGBA", (1000, 985), (*GREY, 255))
    assert len(cloud_from_vggt(scene_of(cutout, 518, 518), cutout).points) == 518 * 504


def test_neither_padding_nor_background_is_in_the_cloud() -> None:
    scene = scene_of(wide_cutout(), 56, 56)
    rows, columns = np.indices((56, 56))
    subject = (rows >= 14) & (rows < 42) & (columns >= 19) & (columns < 37)
    points = np.stack([columns, rows, np.where(subject, 10.0, BACKGROUND_DEPTH)], axis=2)
    cloud = cloud_from_vggt(scene | {"world_points": pack(points)}, wide_cutout())
    assert np.ptp(cloud.points[:, 2]) == 0
    assert len(cloud.points) == subject.sum()


def test_transparent_pixels_lend_no_colour() -> None:
    rng = np.random.default_rng(0)
    alpha = (rng.random((420, 840)) > 0.4).astype(np.uint8) * 255
    pixels = np.where(alpha[..., None] > 0, np.uint8(GREY), np.uint8([0, 255, 0]))
    cutout = Image.fromarray(np.dstack([pixels, alpha]))
    cloud = cloud_from_vggt(scene_of(cutout, 56, 56), cutout)
    assert len(cloud.points)
    assert np.abs(cloud.colours.astype(int) - GREY).max() <= 2


def test_the_cloud_stands_upright_and_faces_the_viewer() -> None:
    cutout = Image.new("RGBA", (560, 560), (*GREY, 255))
    rows, columns = np.indices((56, 56))
    bulge = np.stack([columns, rows, 100 - 10 * np.exp(-((rows - 28) ** 2 + (columns - 28) ** 2) / 50)], axis=2)
    cutout.paste((*MARKER, 255), (0, 0, 560, 10))
    cloud = cloud_from_vggt(scene_of(cutout, 56, 56, world_points=pack(bulge)), cutout)
    assert cloud.points[is_marker(cloud.colours)][:, 1].min() == pytest.approx(0.5)
    assert np.abs(cloud.points[cloud.points[:, 2].argmax(), :2]).max() < 0.05


def test_confidence_keeps_its_order_within_0_and_1() -> None:
    cloud = cloud_from_vggt(scene_of(wide_cutout(), 56, 56), wide_cutout())
    assert (np.diff(cloud.confidence) > 0).all()
    assert cloud.confidence.min() > 0
    assert cloud.confidence.max() == 1


def test_points_that_are_nowhere_are_left_out() -> None:
    cutout = Image.new("RGBA", (560, 560), (*GREY, 255))
    points = np.random.default_rng(0).random((56, 56, 3))
    points[3, 4] = np.nan
    scene = scene_of(cutout, 56, 56, world_points=pack(points))
    assert len(cloud_from_vggt(scene, cutout).points) == 56 * 56 - 1


GOOD = pack(np.zeros((56, 56, 3)))


@pytest.mark.parametrize(
    "changes",
    [
        {"world_points": None},
        {"world_points": "points"},
        {"world_points": [[1, 2], [3]]},
        {"world_points": pack(np.zeros((56, 56)))},
        {"world_points": pack(np.zeros((56, 55, 3)))},
        {"world_points": pack(np.zeros((56, 56, 2)))},
        {"world_points": pack(np.full((56, 56, 3), np.nan))},
        {"world_points": GOOD | {"dtype": "float64"}},
        {"world_points": GOOD | {"dtype": "O"}},
        {"world_points": GOOD | {"shape": [56, 56, 4]}},
        {"world_points": GOOD | {"shape": [-56, -56, 3]}},
        {"world_points": GOOD | {"shape": "56"}},
        {"world_points": GOOD | {"data": "not base64!"}},
        {"world_points": GOOD | {"data": None}},
        {"world_points_conf": pack(np.ones(56))},
        {"world_points_conf": [["a"]]},
        {"original_image": {"width": 420, "height": 840}},
        {"original_image": {"width": 1, "height": 0}},
        {"original_image": "wide"},
    ],
)
def test_an_unfit_answer_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(BrokenCloud):
        cloud_from_vggt(scene_of(wide_cutout(), 56, 56, **changes), wide_cutout())


def test_an_answer_beyond_measure_is_refused() -> None:
    huge = np.zeros((1, 4_000_001), np.float32)
    scene = scene_of(
        wide_cutout(), 56, 56, world_points=pack(np.zeros((1, 4_000_001, 3))), world_points_conf=pack(huge)
    )
    with pytest.raises(BrokenCloud, match="too large"):
        cloud_from_vggt(scene, wide_cutout())


def test_an_invisible_subject_is_refused() -> None:
    with pytest.raises(BrokenCloud):
        cloud_from_vggt(scene_of(wide_cutout(), 56, 56), Image.new("RGBA", (840, 420)))
