"""Colour profiles made in code, as small as ICC lets them be."""

import struct
from collections.abc import Sequence

import numpy as np
from PIL import ImageCms

Curve = float
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# The columns of RGB to XYZ, seen by the light of D50.
SRGB_COLUMNS = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142))
P3_COLUMNS = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
WHITE = (0.9642, 1.0, 0.8249)


def matrix_profile(columns: Sequence[Sequence[float]], gamma: float) -> bytes:
    """An RGB profile of three primaries and one gamma."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags = {name: _xyz(column) for name, column in zip(names, columns, strict=True)}
    curves = {name: _gamma(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"RGB ", b"XYZ ", tags | curves)


def swapped_profile() -> bytes:
    """A profile whose red, green and blue are other ones: ignored, nothing looks as it should."""
    red, green, blue = SRGB_COLUMNS
    return matrix_profile((green, blue, red), 2.2)


def grey_profile(gamma: float) -> bytes:
    """A profile for pictures without colours."""
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": _gamma(gamma)})


def lab_profile(space: bytes, channels: int) -> bytes:
    """A printer's kind of profile: a table from so many channels to Lab, by way of plain mixing."""
    steps = 9
    corners = np.indices((steps,) * channels).reshape(channels, -1).T / (steps - 1)
    light = corners if space == b"RGB " else (1 - corners[:, :3]) * (1 - corners[:, 3:])
    lab = _lab(light * 0.9 + 0.05)
    table = b"".join(
        [
            b"mft1\0\0\0\0",
            bytes([channels, 3, steps, 0]),
            struct.pack(">9i", *(65536 * part for part in (1, 0, 0, 0, 1, 0, 0, 0, 1))),
            bytes(range(256)) * channels,
            lab.astype(np.uint8).tobytes(),
            bytes(range(256)) * 3,
        ]
    )
    return _profile(space, b"Lab ", {b"A2B0": table})


def _lab(light: np.ndarray) -> np.ndarray:
    xyz = light @ np.array(SRGB_COLUMNS) / np.array(WHITE)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([(116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128], axis=1).clip(0, 255).round()


def _profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text(), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(WHITE)} | tags
    directory, body, place = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        directory += struct.pack(">4sII", name, place + len(body), len(data))
        body += padded
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sII4sQI12s4s44x",
        *(place + len(body), b"lcms", 0x02400000, b"mntr" if connection == b"XYZ " else b"prtr", space, connection),
        *(bytes(12), b"acsp", b"APPL", 0, 0, b"none", 0, 0, _numbers(WHITE), b"none"),
    )
    return header + struct.pack(">I", len(tags)) + directory + body


def _text() -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(8 + 3 + 67)


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(values)


def _numbers(values: Sequence[float]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
