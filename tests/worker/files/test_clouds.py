import io

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from worker.files.clouds import MOST_POINTS, BrokenCloud, Cloud, arrange, read_ply, render_cloud_preview, write_ply

FINITE = st.floats(-1e6, 1e6, width=32)


def cloud_of(points: np.ndarray, confidence: np.ndarray | None = None, seed: int = 0) -> Cloud:
    colours = np.random.default_rng(seed).integers(0, 256, (len(points), 3)).astype(np.uint8)
    sure = np.ones(len(points)) if confidence is None else confidence
    return Cloud(points.astype(np.float32), colours, sure.astype(np.float32))


def some_cloud(count: int = 1_000) -> Cloud:
    rng = np.random.default_rng(1)
    return cloud_of(rng.random((count, 3)), rng.random(count))


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    count = draw(st.integers(0, 40))
    return Cloud(
        draw(arrays.arrays(np.float32, (count, 3), elements=FINITE)),
        draw(arrays.arrays(np.uint8, (count, 3))),
        draw(arrays.arrays(np.float32, count, elements=st.floats(0, 1, width=32))),
    )


@settings(deadline=None)
@given(clouds())
def test_what_was_written_is_read_back_exactly(cloud: Cloud) -> None:
    back = read_ply(write_ply(cloud))
    assert np.array_equal(back.points, cloud.points)
    assert np.array_equal(back.colours, cloud.colours)
    assert np.array_equal(back.confidence, cloud.confidence)


def test_trimesh_reads_points_colours_and_confidence() -> None:
    cloud = some_cloud()
    read = trimesh.load(io.BytesIO(write_ply(cloud)), file_type="ply")
    assert isinstance(read, trimesh.PointCloud)
    assert np.array_equal(read.vertices.astype(np.float32), cloud.points)
    assert np.array_equal(read.colors[:, :3], cloud.colours)
    vertex = read.metadata["_ply_raw"]["vertex"]["data"]
    assert np.array_equal(vertex["confidence"].ravel(), cloud.confidence)


def test_the_header_is_the_one_everybody_reads() -> None:
    header = write_ply(some_cloud(3)).split(b"end_header\n")[0].decode().splitlines()
    assert header == [
        "ply",
        "format binary_little_endian 1.0",
        "element vertex 3",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {colour}" for colour in ("red", "green", "blue")),
        "property float confidence",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ply\n",
        b"<html>",
        write_ply(some_cloud(9))[:-1],
        write_ply(some_cloud(9)) + b"x",
        write_ply(some_cloud(9)).replace(b"vertex 9", b"vertex 8"),
        write_ply(some_cloud(9)).replace(b"binary_little_endian", b"ascii"),
        write_ply(cloud_of(np.full((2, 3), np.nan))),
        write_ply(cloud_of(np.zeros((2, 3)), np.array([0.5, 7]))),
    ],
)
def test_a_damaged_file_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BrokenCloud):
        read_ply(data)


def test_arrays_that_do_not_fit_each_other_are_no_cloud() -> None:
    with pytest.raises(BrokenCloud):
        Cloud(np.zeros((3, 3), np.float32), np.zeros((2, 3), np.uint8), np.zeros(3, np.float32))
    with pytest.raises(BrokenCloud):
        Cloud(np.zeros((3, 3)), np.zeros((3, 3), np.uint8), np.zeros(3, np.float32))  # type: ignore[arg-type]


def test_what_the_camera_saw_on_top_and_near_is_on_top_and_in_front() -> None:
    # right, down, away
    seen = np.array([[0, -1, 5], [0, 1, 5], [1, 0, 5], [0, 0, 4.5], [-1, 0, 5]])
    top, bottom, right, near, left = arrange(cloud_of(seen)).points
    assert top[1] == pytest.approx(0.5)
    assert bottom[1] == pytest.approx(-0.5)
    assert right[0] == pytest.approx(0.5)
    assert left[0] == pytest.approx(-0.5)
    assert near[2] > top[2]


def test_an_arranged_cloud_is_centred_in_a_unit_box() -> None:
    points = arrange(cloud_of(np.random.default_rng(2).random((500, 3)) * [4, 2, 1] + [10, -30, 7])).points
    low, high = points.min(axis=0), points.max(axis=0)
    assert np.allclose(low, -high, atol=1e-6)
    assert (high - low).max() == pytest.approx(1, abs=1e-6)


def test_points_that_are_nowhere_or_astray_are_left_out() -> None:
    points = np.random.default_rng(3).random((1_000, 3))
    points[10] = np.nan
    points[20, 1] = np.inf
    points[30] = 1e6
    confidence = np.ones(1_000)
    confidence[40] = np.nan
    cloud = cloud_of(points, confidence)
    arranged = arrange(cloud)
    kept = np.delete(np.arange(1_000), [10, 20, 30, 40])
    assert np.array_equal(arranged.colours, cloud.colours[kept])
    assert np.ptp(arranged.points, axis=0).min() > 0.9


def test_confidence_becomes_the_share_of_points_not_more_trusted() -> None:
    arranged = arrange(cloud_of(np.eye(4, 3), np.array([3.0, 90.0, 1.0, 3.0])))
    assert arranged.confidence.tolist() == [0.75, 1.0, 0.25, 0.75]
    assert set(arrange(cloud_of(np.eye(4, 3))).confidence.tolist()) == {1.0}


def test_of_too_many_points_the_most_trusted_stay_in_their_order() -> None:
    count = MOST_POINTS + 1_000
    rng = np.random.default_rng(4)
    confidence = rng.permutation(count).astype(np.float32)
    cloud = cloud_of(rng.random((count, 3)), confidence)
    arranged = arrange(cloud)
    assert len(arranged.points) == MOST_POINTS
    assert np.array_equal(arranged.colours, cloud.colours[confidence >= 1_000])


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.full((5, 3), np.nan), np.ones((5, 3))])
def test_a_cloud_of_nothing_is_refused_by_name(points: np.ndarray) -> None:
    with pytest.raises(BrokenCloud):
        arrange(cloud_of(points))


def test_the_poster_shows_the_colours_on_a_clear_background() -> None:
    sphere = np.random.default_rng(5).normal(size=(60_000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    cloud = cloud_of(sphere)
    green = Cloud(cloud.points, np.broadcast_to(np.uint8([20, 200, 40]), (60_000, 3)).copy(), cloud.confidence)
    with Image.open(io.BytesIO(render_cloud_preview(green))) as poster:
        assert (poster.format, poster.size, poster.mode) == ("WEBP", (512, 512), "RGBA")
        pixels = np.asarray(poster)
    assert pixels[5, 5, 3] == 0
    assert pixels[256, 256, 3] == 255
    assert 0.6 < (pixels[..., 3] > 128).mean() < 0.7
    solid = pixels[pixels[..., 3] == 255].astype(int)
    assert (solid[:, 1] > solid[:, 0] + 80).all()


def test_a_single_point_has_a_poster_too() -> None:
    with Image.open(io.BytesIO(render_cloud_preview(cloud_of(np.zeros((1, 3)))))) as poster:
        assert poster.size == (512, 512)
