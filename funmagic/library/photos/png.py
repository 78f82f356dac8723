"""PNG's chunks: what surrounds the pixels is left behind, whatever state it is in."""

import struct
import zlib
from collections.abc import Iterator

from funmagic.library.photos.container import Container
from funmagic.library.photos.orientation import read_orientation
from funmagic.library.photos.profiles import profile_of_code_points, profile_of_gamma

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER, PALETTE, TRANSPARENCY, PIXELS, END = b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"
CRITICAL = (HEADER, PALETTE, PIXELS)
ANIMATION = (b"acTL", b"fcTL", b"fdAT")
FACTS = (TRANSPARENCY, b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"eXIf")
GREY, COLOURS, INDEXED = 0, 2, 3
BYTE, WIDE = 8, 16
LARGEST_PROFILE = 4 * 1024 * 1024
# Where every profile says that it is one.
SIGNED, PROFILE_SIGNATURE = slice(36, 40), b"acsp"


def read_png(data: bytes) -> Container:
    """The photo in a PNG; of its colours and orientation, what is named before its pixels and undamaged counts."""
    chunks = [chunk for chunk in _chunks(data) if chunk[0] in CRITICAL or chunk[2]]
    names = [name for name, *_ in chunks]
    start = names.index(PIXELS) if PIXELS in names else len(names)
    facts = {name: payload for name, payload, _ in reversed(chunks[:start]) if name in FACTS}
    still = [(name, payload) for name, payload, _ in chunks if name in CRITICAL]
    moving = [(name, payload) for name, payload, _ in chunks if name in (*CRITICAL, *ANIMATION)]
    transparency = facts.get(TRANSPARENCY)
    bare = _write(still, transparency)
    return Container(
        "image/png",
        bare,
        bare if len(moving) == len(still) else _write(moving, transparency),
        read_orientation(facts.get(b"eXIf", b"")),
        profile=_find_profile(facts),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Each chunk's name, what it holds, and whether its checksum is right; the last may be cut short."""
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 8 + length
        if name == END:
            return
        yield name, data[place + 8 : end], data[end : end + 4] == _checksum(data[place + 4 : end])
        place = end + 4


def _write(chunks: list[tuple[bytes, bytes]], transparency: bytes | None) -> bytes:
    header = next((payload for name, payload in chunks if name == HEADER), b"")
    if transparency is not None and len(header) == 13:  # noqa: PLR2004 - an IHDR's
        chunks = _make_clear(chunks, header, transparency)
    parts = [struct.pack(">I", len(payload)) + name + payload + _checksum(name + payload) for name, payload in chunks]
    return b"".join([SIGNATURE, *parts, struct.pack(">I", 0), END, _checksum(END)])


def _make_clear(chunks: list[tuple[bytes, bytes]], header: bytes, transparency: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks with the transparency as Pillow takes it: it compares with bytes what may be two bits, or sixteen."""
    bits, kind = header[8], header[9]
    more = [(TRANSPARENCY, transparency)]
    if kind == GREY and bits < BYTE:
        shades = range(2**bits)
        ramp = bytes(shade * 255 // (2**bits - 1) for shade in shades for _ in range(3))
        clear = int.from_bytes(transparency[:2], "big")
        more = [(PALETTE, ramp), (TRANSPARENCY, bytes(0 if shade == clear else 255 for shade in shades))]
        chunks = [(name, _indexed(payload) if name == HEADER else payload) for name, payload in chunks]
    elif kind == COLOURS and bits == WIDE:
        more = [(TRANSPARENCY, b"".join(b"\0" + transparency[place : place + 1] for place in (0, 2, 4)))]
    start = next((place for place, (name, _) in enumerate(chunks) if name in (PIXELS, *ANIMATION)), len(chunks))
    return chunks[:start] + more + chunks[start:]


def _indexed(header: bytes) -> bytes:
    return header[:9] + bytes([INDEXED]) + header[10:]


def _find_profile(facts: dict[bytes, bytes]) -> bytes | None:
    """The profile by which colours are meant, in the order in which browsers look for one; None for sRGB."""
    if (profile := profile_of_code_points(facts.get(b"cICP", b""))) is not None:
        return profile
    if (profile := _unpack_profile(facts.get(b"iCCP", b""))) is not None:
        return profile
    if b"sRGB" in facts or b"gAMA" not in facts:
        return None
    return profile_of_gamma(facts[b"gAMA"], facts.get(b"cHRM"))


def _unpack_profile(chunk: bytes) -> bytes | None:
    """What an iCCP holds; None for what is no profile, in whose place browsers take what else is said of colours."""
    _, _, packed = chunk.partition(b"\0")
    try:
        profile = zlib.decompressobj().decompress(packed[1:], LARGEST_PROFILE)
    except zlib.error:
        return None
    return profile if profile[SIGNED] == PROFILE_SIGNATURE else None


def _checksum(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))
