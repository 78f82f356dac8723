"""VGGT at Replicate: what is in the cloud that a person gets."""

import io

import numpy as np
import pytest
import trimesh
from PIL import Image

from funmagic.models.assets import AssetKind
from tests.emulators.fal_faults import MARK, png
from tests.emulators.vggt import fitted
from worker.providers.base import Done, InputFile


def assert_is_the_subject(cloud: trimesh.PointCloud, size: tuple[int, int] = (60, 90)) -> None:
    """The cloud is a bulging disc of the cut-out's proportions with its green mark in front, and nothing else."""
    points, colours = np.asarray(cloud.vertices), np.asarray(cloud.colors)[:, :3].astype(int)
    opaque = (
        np.asarray(Image.open(io.BytesIO(png(*size))).getchannel("A").resize(fitted(size), Image.Resampling.BOX)) > 127
    )
    assert len(points) == pytest.approx(opaque.sum(), rel=0.05), "the padding and the background are gone"
    assert np.isfinite(points).all()
    width, height, depth = np.ptp(points, axis=0)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.15), "nothing is sheared"
    assert depth < 0.6 * min(width, height), "no wall stands behind the subject"
    assert np.abs((points.min(axis=0) + points.max(axis=0)) / 2).max() < 0.1 * max(width, height), "it is centred"
    is_mark = np.abs(colours - MARK[:3]).sum(axis=1) < 60
    is_body = np.abs(colours - (180, 40, 40)).sum(axis=1) < 60
    assert is_mark.sum() > 0.05 * len(points)
    assert (is_mark | is_body).mean() > 0.95, "the colours are the cut-out's own"
    assert np.abs(points[is_mark].mean(axis=0)[:2]).max() < 0.1 * max(width, height), "the mark is in the middle"


def load(data: bytes) -> trimesh.PointCloud:
    cloud = trimesh.load(io.BytesIO(data), file_type="ply")
    assert isinstance(cloud, trimesh.PointCloud)
    return cloud


def test_the_cloud_is_the_subject_without_padding_and_background(replicate, new_prediction):
    done = new_prediction().finish()
    assert isinstance(done, Done)
    [file] = done.files
    assert (file.kind, file.extension, file.meta["points"] > 1000) == (AssetKind.POINT_CLOUD, "ply", True)
    assert file.preview.startswith(b"RIFF")
    assert_is_the_subject(load(file.data))


@pytest.mark.parametrize("size", [(90, 60), (64, 64), (40, 120), (700, 500)])
def test_padding_is_undone_whatever_the_shape_of_the_photo(replicate, new_prediction, size):
    cutout = InputFile(png(*size), "image/png", "cutout.png", "asset-2")
    [file] = new_prediction(previous=[cutout]).finish().files
    assert_is_the_subject(load(file.data), size)


def test_the_confidence_of_every_point_is_kept(replicate, new_prediction):
    [file] = new_prediction().finish().files
    header = file.data[: file.data.index(b"end_header")].decode()
    assert "format binary_little_endian" in header
    assert "confidence" in header
