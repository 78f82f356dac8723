"""Point clouds: what one is, how it is stored as PLY, brought into place, and shown on a poster."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.files.posters import SIDE, SUPERSAMPLING, aim, develop, draw_points

# More points than this no longer turn smoothly in a browser.
MOST_POINTS = 500_000
TYPES = (np.dtype(np.float32), np.dtype(np.uint8), np.dtype(np.float32))
ROW = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3), ("confidence", "<f4")])
HEADER = (
    "ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
    "property float x\nproperty float y\nproperty float z\n"
    "property uchar red\nproperty uchar green\nproperty uchar blue\n"
    "property float confidence\nend_header\n"
)
HEADER_PATTERN = re.compile(re.escape(HEADER).replace(r"\{count\}", r"(\d{1,9})").encode())
# Points farther from the middle than so many times the reach of the middle 96 in 100 are strays.
STRAY_REACH = 3.0
# Of a poster's pixels, how many times over the points would cover it if they lay side by side.
COVERAGE = 7.0
LARGEST_DOT = 16
DEPTH_SHADE = 0.08
# Where the viewer looks from first: its points take the poster's place (cloud_scene.js).
YAW = 14.0
PITCH = 8.0


class BrokenCloud(ValueError):
    """The data is no point cloud that we can show: empty, damaged, or not of the expected shape."""


class EmptyCloud(BrokenCloud):
    """The cloud has nothing to show."""


@dataclass(frozen=True)
class Cloud:
    """Points (N, 3) float32, their colours (N, 3) uint8, and how much each is to be trusted, (N,) float32 in 0..1."""

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.points)
        shapes = self.points.shape, self.colours.shape, self.confidence.shape
        types = self.points.dtype, self.colours.dtype, self.confidence.dtype
        if shapes != ((count, 3), (count, 3), (count,)) or types != TYPES:
            raise BrokenCloud(f"A cloud of {shapes} and {types} does not hold together.")


def write_ply(cloud: Cloud) -> bytes:
    """Return the cloud as binary little-endian PLY: x, y, z, red, green, blue, confidence."""
    rows = np.empty(len(cloud.points), ROW)
    rows["xyz"], rows["rgb"], rows["confidence"] = cloud.points, cloud.colours, cloud.confidence
    return HEADER.format(count=len(rows)).encode() + rows.tobytes()


def read_ply(data: bytes) -> Cloud:
    """Return the cloud that write_ply wrote; raise BrokenCloud for any other file."""
    header = HEADER_PATTERN.match(data)
    if header is None:
        raise BrokenCloud("The file is not a PLY of ours.")
    body = data[header.end() :]
    if len(body) != int(header[1]) * ROW.itemsize:
        raise BrokenCloud(f"The file has {len(body)} bytes for {int(header[1])} points.")
    rows = np.frombuffer(body, ROW)
    if not np.isfinite(rows["xyz"]).all() or not ((rows["confidence"] >= 0) & (rows["confidence"] <= 1)).all():
        raise BrokenCloud("A point lies nowhere.")
    return Cloud(rows["xyz"].copy(), rows["rgb"].copy(), rows["confidence"].copy())


def arrange(cloud: Cloud) -> Cloud:
    """Return a cloud seen by a camera (x right, y down, z away) as one to look at; raise BrokenCloud if none is left.

    It stands upright (+Y) and faces +Z, centred in a box whose longest side is 1, without strays, with the
    MOST_POINTS most trusted points in their old order; confidence becomes the share of points not more trusted.
    """
    finite = np.isfinite(cloud.points).all(axis=1) & np.isfinite(cloud.confidence)
    kept = _select(cloud, finite)
    if len(cloud.points) and not len(kept.points):
        raise BrokenCloud("No point is at a place.")
    kept = _select(kept, _belongs(kept.points))
    if not len(kept.points):
        raise EmptyCloud("The cloud has no points.")
    if len(kept.points) > MOST_POINTS:
        best = np.argsort(-kept.confidence, kind="stable")[:MOST_POINTS]
        kept = _select(kept, np.sort(best))
    upright = kept.points.astype(np.float64) * [1, -1, -1]
    low = upright.min(axis=0)
    high = upright.max(axis=0)
    extent = float((high - low).max())
    if not extent > 0:
        raise EmptyCloud("All points lie at one place.")
    points = ((upright - (low + high) / 2) / extent).astype(np.float32)
    confidence = np.searchsorted(np.sort(kept.confidence), kept.confidence, side="right") / len(points)
    return Cloud(points, kept.colours, confidence.astype(np.float32))


def render_cloud_preview(cloud: Cloud) -> bytes:
    """Return a square WebP picture of the cloud, seen from the front's right, on a clear background."""
    if not len(cloud.points):
        raise EmptyCloud("The cloud has no points.")
    side = SIDE * SUPERSAMPLING
    view = aim(cloud.points, side, yaw=YAW, pitch=PITCH)
    places, depths = view.project(cloud.points)
    size = int(np.clip(round(side * (COVERAGE / len(places)) ** 0.5), 2, LARGEST_DOT))
    hit = draw_points(places, depths, side, size)
    seen = depths[hit]
    nearest = float(seen[hit >= 0].min())
    farthest = float(seen[hit >= 0].max())
    shade = 1 - DEPTH_SHADE * (seen - nearest) / max(farthest - nearest, 1e-6)
    return develop(cloud.colours[hit].astype(np.float32) / 255 * shade[..., None], (hit >= 0).astype(np.float32))


def _select(cloud: Cloud, which: NDArray[np.bool_] | NDArray[np.int64]) -> Cloud:
    return Cloud(cloud.points[which], cloud.colours[which], cloud.confidence[which])


def _belongs(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which points are no strays: one far away would make all others too small to be seen."""
    if not len(points):
        return np.zeros(0, np.bool_)
    low, middle, high = np.percentile(points.astype(np.float64), (2, 50, 98), axis=0)
    reach = STRAY_REACH * float((high - low).max()) / 2
    if not reach:
        return np.ones(len(points), np.bool_)
    return np.asarray((np.abs(points - middle) <= reach).all(axis=1))
