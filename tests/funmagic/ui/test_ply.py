"""The browser's reader of point clouds, run by Node on files as we and others write them."""

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.servers import PROJECT

NODE = Path(sysconfig.get_path("scripts")) / "node"
MODULE = (PROJECT / "funmagic/ui/wrapped/viewers/scenes/ply.js").as_uri()
SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ readPly }} from {json.dumps(MODULE)};
const {{ count, positions, colors, confidences }} = readPly(new Uint8Array(readFileSync(process.argv[1])).buffer);
const plain = (list) => list && [...list];
console.log(JSON.stringify([count, plain(positions), plain(colors), plain(confidences)]));
"""
POSITION = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
COLOR = [("red", "u1"), ("green", "u1"), ("blue", "u1")]
OURS = [*POSITION, *COLOR, ("confidence", "<f4")]
NAMES = {"<f4": "float", "<f8": "double", "u1": "uchar"}


def ply(points: np.ndarray, *, newline: str = "\n", count: int | None = None, encoding: str = "little") -> bytes:
    fields = [(name, NAMES[points.dtype[name].str.replace("|", "")]) for name in points.dtype.names or ()]
    header = [
        "ply",
        f"format binary_{encoding}_endian 1.0",
        "comment made by a test",
        f"element vertex {len(points) if count is None else count}",
        *(f"property {kind} {name}" for name, kind in fields),
        "element face 0",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    return "".join(line + newline for line in header).encode() + points.tobytes()


def read(data: bytes, folder: Path) -> list[Any]:
    path = folder / "cloud.ply"
    path.write_bytes(data)
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", SCRIPT, path], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def three_points(fields: list[tuple[str, str]] = OURS) -> np.ndarray:
    rows = [(0, 1.5, -2, 255, 128, 0, 0.25), (3, 4, 5, 1, 2, 3, 1), (-1, -1, -1, 9, 9, 9, 7.5)]
    return np.array([row[: len(fields)] for row in rows], dtype=fields)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_position_color_and_confidence_of_every_point_are_read(tmp_path: Path, newline: str) -> None:
    count, positions, colors, confidences = read(ply(three_points(), newline=newline), tmp_path)
    assert count == 3
    assert positions == [0, 1.5, -2, 3, 4, 5, -1, -1, -1]
    assert colors == [255, 128, 0, 255, 1, 2, 3, 255, 9, 9, 9, 255]
    assert confidences == [0.25, 1, 7.5]


def test_points_without_confidence_are_all_certain(tmp_path: Path) -> None:
    assert read(ply(three_points([*POSITION, *COLOR])), tmp_path)[3] is None


def test_points_without_color_are_white(tmp_path: Path) -> None:
    assert read(ply(three_points(POSITION)), tmp_path)[2] == [255] * 12


def test_doubles_are_read_too(tmp_path: Path) -> None:
    points = three_points().astype([("x", "<f8"), ("y", "<f8"), ("z", "<f8"), *COLOR, ("confidence", "<f4")])
    assert read(ply(points), tmp_path)[1] == [0, 1.5, -2, 3, 4, 5, -1, -1, -1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>not found</html>",
        ply(three_points())[:-1],
        ply(three_points(), count=0),
        ply(three_points(), count=10**9),
        ply(three_points(), encoding="big"),
        ply(np.array([(np.nan, 0, 0)], dtype=POSITION)),
        ply(np.zeros(2, dtype=COLOR)),
    ],
    ids=["empty", "a page", "cut short", "no points", "a lie", "big-endian", "nowhere", "no positions"],
)
def test_what_is_no_cloud_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"PLY"):
        read(data, tmp_path)
