"""Colour profiles for pictures that name their primaries and their gamma instead of bringing a profile."""

import struct
from collections.abc import Sequence
from functools import lru_cache

Pair = tuple[float, float]
Matrix = list[list[float]]

D50 = (0.9642, 1.0, 0.8249)
BRADFORD: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
D65: Pair = (0.3127, 0.3290)
SRGB: tuple[Pair, Pair, Pair] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
# By the code points of ITU-T H.273.
PRIMARIES = {1: SRGB, 9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), 12: ((0.68, 0.32), (0.265, 0.69), SRGB[2])}
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# Video of four standards is meant for screens of BT.1886.
CURVES = {4: (2.2,), 8: (1.0,), 13: SRGB_CURVE, **dict.fromkeys((1, 6, 14, 15), (2.4,))}
FULL_RANGE = 1
# What nearly every gAMA says; with sRGB's own primaries it means sRGB.
USUAL_GAMMA = 45455
SCALE = 100_000


def profile_of_gamma(gamma: bytes, primaries: bytes | None) -> bytes | None:
    """The profile that PNG's gAMA and cHRM describe; None where they say sRGB, or nothing that makes sense."""
    value = int.from_bytes(gamma[:4], "big")
    places = [part / SCALE for part in struct.unpack(">8I", primaries)] if primaries and len(primaries) == 32 else None  # noqa: PLR2004 - a cHRM's
    if value == 0 or (value == USUAL_GAMMA and places is None):
        return None
    white, *colours = [(places[at], places[at + 1]) for at in range(0, 8, 2)] if places else [D65, *SRGB]
    return _make_profile(white, colours, (SCALE / value,))


def profile_of_code_points(chunk: bytes) -> bytes | None:
    """The profile that PNG's cICP names; None for one that we do not know, such as those of HDR."""
    if len(chunk) != 4 or chunk[2:] != bytes([0, FULL_RANGE]):  # noqa: PLR2004 - a cICP's
        return None
    colours = PRIMARIES.get(chunk[0])
    curve = CURVES.get(chunk[1])
    return _make_profile(D65, colours, curve) if colours and curve else None


@lru_cache
def srgb_profile() -> bytes:
    """SRGB itself, in the second version of ICC: no library then moves its black, as they do between newer ones."""
    return _make_profile(D65, SRGB, SRGB_CURVE) or b""


def _make_profile(white: Pair, colours: Sequence[Pair], curve: Sequence[float]) -> bytes | None:
    try:
        red, green, blue = zip(*_to_xyz(white, colours), strict=True)
    except ZeroDivisionError:
        return None
    kind = 0 if len(curve) == 1 else 3
    line = b"para\0\0\0\0" + struct.pack(">H2x", kind) + _fixed(curve)
    columns = {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue, b"wtpt": D50}
    tags = {name: b"XYZ \0\0\0\0" + _fixed(column) for name, column in columns.items()}
    return _write(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), line))


def _to_xyz(white: Pair, colours: Sequence[Pair]) -> Matrix:
    """The matrix from linear colours to XYZ as it is seen by the light of D50 (Bradford)."""
    primaries = [list(row) for row in zip(*(_xyz(place) for place in colours), strict=True)]
    light = [[part] for part in _xyz(white)]
    shares = [row[0] for row in _product(_inverse(primaries), light)]
    matrix = [[part * share for part, share in zip(row, shares, strict=True)] for row in primaries]
    from_cone = _product(BRADFORD, light)
    to_cone = _product(BRADFORD, [[part] for part in D50])
    scale = [[to_cone[row][0] / from_cone[row][0] if row == column else 0.0 for column in range(3)] for row in range(3)]
    return _product(_product(_inverse(BRADFORD), _product(scale, BRADFORD)), matrix)


def _xyz(place: Pair) -> tuple[float, float, float]:
    x, y = place
    return x / y, 1.0, (1 - x - y) / y


def _product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*right, strict=True)] for row in left
    ]


def _inverse(m: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    cofactors = [[e * i - f * h, c * h - b * i, b * f - c * e], [f * g - d * i, a * i - c * g, c * d - a * f]]
    cofactors.append([d * h - e * g, b * g - a * h, a * e - b * d])
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return [[part / determinant for part in row] for row in cofactors]


def _fixed(values: Sequence[float]) -> bytes:
    return b"".join(struct.pack(">i", max(min(round(value * 65536), 2**31 - 1), -(2**31))) for value in values)


def _write(tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of these tags, each of which is padded to four bytes already."""
    directory = b""
    body = b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        directory += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x", start + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp", _fixed(D50)
    )
    return header + struct.pack(">I", len(tags)) + directory + body
