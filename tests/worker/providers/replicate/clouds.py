"""Point clouds as they come back."""

import io

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.emulators.fal_faults import MARK, png
from tests.emulators.vggt import fitted


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
