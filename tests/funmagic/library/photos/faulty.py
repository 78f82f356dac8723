"""Photos with something wrong about them, made in code: some are drawn all the same, the others are damaged."""

import struct

import numpy as np
from PIL import Image

from tests.funmagic.library.photos.kinds import (
    PNG_START,
    animation,
    chunk,
    encode,
    jpeg,
    png,
    raw_png,
    scene,
    webp,
    with_chunk,
)

Chunk = tuple[bytes, bytes]


def chunks_of(data: bytes) -> list[Chunk]:
    """The names of a PNG's chunks and what they hold."""
    chunks, place = [], len(PNG_START)
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        chunks.append((name, data[place + 8 : place + 8 + length]))
        place += 12 + length
    return chunks


def png_of(chunks: list[Chunk], *, bad: bytes = b"") -> bytes:
    """A PNG of these chunks; the checksum of the first one with the bad name is wrong."""
    first = next((place for place, (name, _) in enumerate(chunks) if name == bad), None)
    return PNG_START + b"".join(chunk(*named, is_whole=place != first) for place, named in enumerate(chunks))


def with_pixels(data: bytes, *pixels: bytes) -> bytes:
    """A PNG whose one chunk of pixels is replaced."""
    chunks = chunks_of(data)
    place = [name for name, _ in chunks].index(b"IDAT")
    return png_of([*chunks[:place], *((b"IDAT", part) for part in pixels), *chunks[place + 1 :]])


def with_wrong_seal(data: bytes, *, parts: int = 1) -> bytes:
    """A PNG with a wrong Adler-32 at the end of its pixels, which lie in so many chunks."""
    packed = dict(chunks_of(data))[b"IDAT"][:-4] + b"none"
    size = -(-len(packed) // parts)
    return with_pixels(data, *(packed[place : place + size] for place in range(0, len(packed), size)))


def animation_behind(picture: Image.Image, *frames: Image.Image) -> bytes:
    """An animated PNG whose pixels for old programs are none of its frames."""
    header, *rest = chunks_of(encode(picture, "PNG"))
    chunks: list[Chunk] = [header, (b"acTL", struct.pack(">II", len(frames), 0)), *rest[:-1]]
    for number, frame in enumerate(frames):
        place = struct.pack(">IIIIIHHBB", 2 * number, *frame.size, 0, 0, 1, 10, 0, 0)
        packed = dict(chunks_of(encode(frame, "PNG")))[b"IDAT"]
        chunks += [(b"fcTL", place), (b"fdAT", struct.pack(">I", 2 * number + 1) + packed)]
    return png_of([*chunks, rest[-1]])


def _palette(colours: int, *more: Chunk, bits: int = 8) -> bytes:
    """A PNG of sixteen shades whose palette has fewer."""
    shades = np.asarray(scene("L"))[..., None] >> 4
    return raw_png(shades, 3, bits, (b"PLTE", bytes(range(5, 5 + 3 * colours))), *more)


def _split(data: bytes) -> list[Chunk]:
    packed = dict(chunks_of(data))[b"IDAT"]
    return chunks_of(with_pixels(data, packed[:300], packed[300:]))


_HIDDEN = animation_behind(scene().rotate(180), scene(), scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT))
_MOVING_GIF, _MOVING_PNG, _MOVING_WEBP = animation("GIF"), animation("PNG"), animation("WEBP")
_INDEXED = encode(scene().quantize(32), "PNG")

# What browsers draw nevertheless.
DRAWN: dict[str, bytes] = {
    "png_wrong_seal": with_wrong_seal(png()),
    "png_wrong_seal_in_parts": with_wrong_seal(png("RGBA"), parts=500),
    "png_animated_wrong_seal": with_wrong_seal(_MOVING_PNG),
    "png_short_palette": _palette(10),
    "png_short_palette_of_4_bits": _palette(10, bits=4),
    "png_palette_ends_within_a_colour": png_of(
        [(name, data[:47] if name == b"PLTE" else data) for name, data in chunks_of(_INDEXED)]
    ),
    "png_short_palette_transparent": _palette(10, (b"tRNS", bytes(range(0, 256, 16)))),
    "png_short_palette_and_transparency": _palette(10, (b"tRNS", bytes([10, 20, 0]))),
    "png_short_transparency": with_chunk(png(), b"tRNS", b"\0\1\0"),
    "png_grey_short_transparency": with_chunk(png("L"), b"tRNS", b"\0"),
    "png_animated_behind_another_picture": _HIDDEN,
    "png_one_frame_behind_another_picture": animation_behind(scene().rotate(180), scene()),
    "png_animated_behind_another_picture_cut_short": _HIDDEN[: _HIDDEN.rindex(b"fdAT") + 40],
    "png_animated_cut_short": _MOVING_PNG[: _MOVING_PNG.rindex(b"fdAT") + 40],
    "gif_animated_cut_short": _MOVING_GIF[: _MOVING_GIF.rindex(b"\x21\xf9") + 600],
    "gif_cut_between_frames": _MOVING_GIF[: _MOVING_GIF.rindex(b"\x21\xf9")],
}
# What browsers show in part, or in a picture element alone: nothing of their pixels is missing.
WITHOUT_END: dict[str, bytes] = {
    "jpeg": jpeg()[:-2],
    "jpeg_progressive": jpeg(progressive=True)[:-2],
    "jpeg_grey": jpeg("L")[:-1],
    "png": png()[:-12],
    "png_within_end": png()[:-5],
}
# Some of their pixels are not there, or cannot be read.
DAMAGED: dict[str, bytes] = {
    "jpeg_last_bytes": jpeg()[:-30],
    "jpeg_half": jpeg()[: len(jpeg()) // 2],
    "jpeg_progressive_last_bytes": jpeg(progressive=True)[:-60],
    "jpeg_head_only": jpeg()[:300],
    "jpeg_signature_only": b"\xff\xd8\xff",
    "png_half": png()[: len(png()) // 2],
    "png_header_only": png()[:40],
    "png_broken_pixels": png()[:300] + bytes(60) + png()[360:],
    "png_header_checksum": png_of(chunks_of(png()), bad=b"IHDR"),
    "png_palette_checksum": png_of(chunks_of(_INDEXED), bad=b"PLTE"),
    "png_pixels_checksum": png_of(chunks_of(png()), bad=b"IDAT"),
    "png_first_pixels_checksum": png_of(_split(png()), bad=b"IDAT"),
    "png_wrong_seal_and_checksum": png_of(chunks_of(with_wrong_seal(png())), bad=b"IDAT"),
    "png_pixels_end_too_early": with_pixels(png(), dict(chunks_of(png()))[b"IDAT"][:-30]),
    "png_no_palette": png_of([named for named in chunks_of(_INDEXED) if named[0] != b"PLTE"]),
    "png_empty_palette": _palette(0),
    "png_behind_another_picture_half": _HIDDEN[: _HIDDEN.index(b"fdAT") + 200],
    "webp_last_byte": webp()[:-1],
    "webp_animated_last_frame": _MOVING_WEBP[:-50],
    "webp_animated_between_frames": _MOVING_WEBP[: _MOVING_WEBP.rindex(b"ANMF")],
    "webp_half": webp()[: len(webp()) // 2],
    "gif_half": encode(scene().quantize(64), "GIF")[:900],
    "gif_signature_only": b"GIF89a",
}
