"""JPEG's segments: what surrounds the pixels is left behind, whatever state it is in."""

import re
import struct

from funmagic.library.photos.container import Container
from funmagic.library.photos.orientation import read_orientation

END = b"\xff\xd9"
APP0 = 0xE0
APP1 = 0xE1
APP2 = 0xE2
APP14 = 0xEE
APP15 = 0xEF
COMMENT = 0xFE
START_OF_SCAN = 0xDA
WITHOUT_LENGTH = (0x01, *range(0xD0, 0xDA))
MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
EXIF = b"Exif\0"
PROFILE = b"ICC_PROFILE\0"
# Means something wherever a scan is not complete yet, and nothing behind its end.
FILLER = bytes(range(7, 247, 3))


def read_jpeg(data: bytes) -> Container:
    """The photo in a JPEG; of a second one behind it, as phones write them, nothing is heeded."""
    kept: list[bytes] = [data[:2]]
    exif: bytes | None = None
    profile: dict[int, bytes] = {}
    parts = 0
    place = 2
    while (segment := _next_segment(data, place)) is not None:
        marker, start, place = segment
        payload = data[start + 4 : place]
        if marker == APP1 and payload.startswith(EXIF) and exif is None:
            exif = payload[6:]
        if marker == APP2 and payload.startswith(PROFILE) and len(payload) > len(PROFILE) + 2:
            profile.setdefault(payload[len(PROFILE)], payload[len(PROFILE) + 2 :])
            parts = payload[len(PROFILE) + 1]
        # JFIF's segment and Adobe's say what the components are.
        if marker in (APP0, APP14) or not (APP0 <= marker <= APP15 or marker == COMMENT):
            kept.append(data[start:place])
    bare = b"".join([*kept, data[place : _find_end(data, place)]])
    # Of a profile in several parts, of which one is missing, nobody knows what it says.
    is_whole = sorted(profile) == list(range(1, parts + 1))
    whole_profile = b"".join(profile[number] for number in sorted(profile)) if is_whole and profile else None
    return Container("image/jpeg", bare, bare, read_orientation(exif or b""), profile=whole_profile)


def _find_end(data: bytes, place: int) -> int:
    """Where the last scan ends; what lies behind it is another picture, a video, or the trash of a program."""
    while (match := MARKER_IN_SCAN.search(data, place)) is not None:
        place = match.end()
        if data[place - 1] == END[1]:
            return place
        place += int.from_bytes(data[place : place + 2], "big")
    return len(data)


def _next_segment(data: bytes, place: int) -> tuple[int, int, int] | None:
    """The next segment's marker, start and end; None where the scan begins, or nothing more makes sense."""
    while data[place : place + 2] == b"\xff\xff":
        place += 1
    if data[place : place + 1] != b"\xff" or len(data) < place + 4:
        return None
    marker = data[place + 1]
    if marker == START_OF_SCAN or marker in WITHOUT_LENGTH:
        return None
    (length,) = struct.unpack_from(">H", data, place + 2)
    end = place + 2 + length
    return (marker, place, end) if length > 1 and end <= len(data) else None
