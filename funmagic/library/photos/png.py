"""PNG's chunks: what surrounds the pixels is left behind, whatever state it is in."""

import struct
import zlib
from collections.abc import Iterator

from funmagic.library.photos.container import Container
from funmagic.library.photos.orientation import read_orientation
from funmagic.library.photos.profiles import profile_of_code_points, profile_of_gamma

Chunk = tuple[bytes, bytes]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = b"IHDR"
PALETTE = b"PLTE"
TRANSPARENCY = b"tRNS"
PIXELS = b"IDAT"
END = b"IEND"
CRITICAL = (HEADER, PALETTE, PIXELS)
ANIMATION = b"acTL"
FRAME = b"fcTL"
FRAME_PIXELS = b"fdAT"
MOVING = (ANIMATION, FRAME, FRAME_PIXELS)
FACTS = (TRANSPARENCY, b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"eXIf")
GREY = 0
COLOURS = 2
INDEXED = 3
BYTE = 8
WIDE = 16
LENGTH_OF_HEADER = 13
LENGTHS_OF_PALETTE = range(3, 3 * 256 + 1)
# A transparency that is shorter means nothing.
SHORTEST_TRANSPARENCY = {GREY: 2, COLOURS: 6}
SEAL = 4
# Forty megapixels of eight bits, with what is said of each of their rows.
MOST_INFLATED = 256 * 1024 * 1024
INFLATED_AT_ONCE = 16 * 1024 * 1024
LARGEST_PROFILE = 4 * 1024 * 1024
# Where every profile says that it is one.
SIGNED = slice(36, 40)
PROFILE_SIGNATURE = b"acsp"


def read_png(data: bytes) -> Container:
    """The photo in a PNG; of its colours and orientation, what is named before its pixels and undamaged counts."""
    chunks = _begin_with_animation(list(_chunks(data)))
    names = [name for name, _ in chunks]
    start = names.index(PIXELS) if PIXELS in names else len(names)
    facts = {name: payload for name, payload in reversed(chunks[:start]) if name in FACTS}
    transparency = facts.get(TRANSPARENCY)
    still = [chunk for chunk in chunks if chunk[0] in CRITICAL]
    moving = [chunk for chunk in chunks if chunk[0] in (*CRITICAL, *MOVING)]
    bare = _write(_fit(still, transparency))
    return Container(
        "image/png",
        bare,
        bare if len(moving) == len(still) else _write(_fit(moving, transparency)),
        read_orientation(facts.get(b"eXIf", b"")),
        profile=_find_profile(facts),
    )


def is_sealed(data: bytes) -> bool:
    """Whether the checksum at the end of the pixels is right: not everybody overlooks it as browsers do."""
    packed = b"".join(payload for name, payload in _chunks(data) if name == PIXELS)
    stream = zlib.decompressobj()
    try:
        for _ in range(MOST_INFLATED // INFLATED_AT_ONCE):
            stream.decompress(packed, INFLATED_AT_ONCE)
            packed = stream.unconsumed_tail
    except zlib.error:
        return False
    return stream.eof


def without_seal(data: bytes) -> bytes:
    """The same PNG without the checksum at the end of its pixels."""
    chunks = list(_chunks(data))
    pixels = b"".join(payload for name, payload in chunks if name == PIXELS)
    return _write([chunk for chunk in chunks if chunk[0] != PIXELS] + [(PIXELS, pixels[:-SEAL])])


def _chunks(data: bytes) -> Iterator[Chunk]:
    """Each undamaged chunk, up to a damaged one without which there is no picture; the last may be cut short."""
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 8 + length
        payload = data[place + 8 : end]
        is_whole = _checksum(data[place + 4 : end]).startswith(data[end : end + 4])
        if name == PALETTE and len(payload) not in LENGTHS_OF_PALETTE:
            is_whole = False
        if name == END or (name in CRITICAL and not is_whole):
            return
        if is_whole:
            yield name, payload
        place = end + 4


def _begin_with_animation(chunks: list[Chunk]) -> list[Chunk]:
    """The chunks with an animation's first frame in the place of its fallback picture, which browsers never show."""
    names = [name for name, _ in chunks]
    start = names.index(PIXELS) if PIXELS in names else len(names)
    if ANIMATION not in names[:start] or FRAME in names[:start] or FRAME not in names:
        return chunks
    first = names.index(FRAME)
    if chunks[first][1][4:20] != chunks[0][1][:8] + bytes(8):
        # It covers a part of the picture only, which hardly any program writes.
        return chunks
    second = names.index(FRAME, first + 1) if FRAME in names[first + 1 :] else len(names)
    pixels = [(PIXELS, payload[4:]) for name, payload in chunks[first:second] if name == FRAME_PIXELS]
    return [*chunks[:start], chunks[first], *pixels, *chunks[second:]]


def _write(chunks: list[Chunk]) -> bytes:
    parts = [struct.pack(">I", len(payload)) + name + payload + _checksum(name + payload) for name, payload in chunks]
    return b"".join([SIGNATURE, *parts, struct.pack(">I", 0), END, _checksum(END)])


def _fit(chunks: list[Chunk], transparency: bytes | None) -> list[Chunk]:
    """The chunks with palette and transparency as Pillow takes them, which knows less of either than browsers."""
    header = next((payload for name, payload in chunks if name == HEADER), b"")
    if len(header) != LENGTH_OF_HEADER:
        return chunks
    if header[9] == INDEXED:
        return _complete_palette(chunks, 2 ** min(header[8], BYTE), transparency)
    if transparency is None or len(transparency) < SHORTEST_TRANSPARENCY.get(header[9], 0):
        return chunks
    return _make_clear(chunks, header, transparency)


def _complete_palette(chunks: list[Chunk], colours: int, transparency: bytes | None) -> list[Chunk]:
    """The chunks with a palette for every pixel: browsers take its last colour for all that lie behind it."""
    palette = next((payload for name, payload in chunks if name == PALETTE), b"")
    if not palette:
        return chunks
    named = min(len(palette) // 3, colours)
    palette = palette[: 3 * named] + palette[3 * named - 3 : 3 * named] * (colours - named)
    more = [(PALETTE, palette)]
    if transparency is not None:
        alphas = transparency[:named].ljust(named, b"\xff")
        more.append((TRANSPARENCY, alphas + alphas[-1:] * (colours - named)))
    return _insert([chunk for chunk in chunks if chunk[0] != PALETTE], more)


def _make_clear(chunks: list[Chunk], header: bytes, transparency: bytes) -> list[Chunk]:
    """The chunks with the transparency as Pillow takes it: it compares with bytes what may be two bits, or sixteen."""
    bits = header[8]
    kind = header[9]
    more = [(TRANSPARENCY, transparency)]
    if kind == GREY and bits < BYTE:
        shades = range(2**bits)
        ramp = bytes(shade * 255 // (2**bits - 1) for shade in shades for _ in range(3))
        clear = int.from_bytes(transparency[:2], "big")
        more = [(PALETTE, ramp), (TRANSPARENCY, bytes(0 if shade == clear else 255 for shade in shades))]
        chunks = [(name, _indexed(payload) if name == HEADER else payload) for name, payload in chunks]
    elif kind == COLOURS and bits == WIDE:
        more = [(TRANSPARENCY, b"".join(b"\0" + transparency[place : place + 1] for place in (0, 2, 4)))]
    return _insert(chunks, more)


def _insert(chunks: list[Chunk], more: list[Chunk]) -> list[Chunk]:
    start = next((place for place, (name, _) in enumerate(chunks) if name in (PIXELS, *MOVING)), len(chunks))
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
