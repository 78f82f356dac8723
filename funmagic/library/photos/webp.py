"""WebP's chunks: what surrounds the pixels is left behind, whatever state it is in."""

import struct
from collections.abc import Iterator

from funmagic.library.errors import DamagedPhoto
from funmagic.library.photos.container import Container
from funmagic.library.photos.orientation import read_orientation

EXTENDED = b"VP8X"
EXIF = b"EXIF"
PROFILE = b"ICCP"
SURROUNDINGS = (EXIF, PROFILE, b"XMP ")
# Of the flags in an extended header: is there a profile, EXIF, XMP?
WITHOUT_SURROUNDINGS = 0xFF & ~(0x20 | 0x08 | 0x04)


def read_webp(data: bytes) -> Container:
    """The photo in a WebP, whose EXIF turns nothing, as in Chromium; raises DamagedPhoto for what was cut short."""
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        # Chromium shows none of it, be it still or moving, whatever is left of it.
        raise DamagedPhoto
    chunks = list(_chunks(data))
    facts = dict(reversed(chunks))
    kept = [(name, payload) for name, payload in chunks if name not in SURROUNDINGS]
    body = b"".join(_chunk(name, payload) for name, payload in kept)
    bare = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    exif = facts.get(EXIF, b"").removeprefix(b"Exif\0\0")
    return Container("image/webp", bare, bare, foreign_turn=read_orientation(exif), profile=facts.get(PROFILE))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 12
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        yield name, data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _chunk(name: bytes, payload: bytes) -> bytes:
    if name == EXTENDED and payload:
        payload = bytes([payload[0] & WITHOUT_SURROUNDINGS]) + payload[1:]
    return name + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)
