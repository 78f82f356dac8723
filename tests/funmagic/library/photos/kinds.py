"""Every kind of photo that people may have, made small and in code."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from tests.funmagic.library.photos import profiles

WIDTH, HEIGHT = 96, 72
PNG_START = b"\x89PNG\r\n\x1a\n"
P3 = profiles.matrix_profile(profiles.P3_COLUMNS, 2.2)
XMP_SIDEWAYS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def scene(mode: str = "RGB") -> Image.Image:
    """A smooth picture whose corners all differ; with transparency, its right third is half clear and its top all."""
    across, down = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    colours = np.stack([40 + 200 * across, 30 + 190 * down, 220 - 160 * across * down], axis=2)
    picture = Image.fromarray(colours.round().astype(np.uint8))
    if mode in ("RGBA", "LA"):
        alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
        alpha[:, WIDTH * 2 // 3 :] = 128
        alpha[: HEIGHT // 4] = 0
        picture.putalpha(Image.fromarray(alpha))
    return picture.convert(mode)


def encode(picture: Image.Image, codec: str, **save: Any) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, codec, **save)
    return buffer.getvalue()


def jpeg(mode: str = "RGB", **save: Any) -> bytes:
    """The scene as a JPEG without loss that one could see, its colours as fine as its light."""
    return encode(scene(mode), "JPEG", **({"quality": 97, "subsampling": 0} | save))


def png(mode: str = "RGB", **save: Any) -> bytes:
    """The scene as a PNG."""
    return encode(scene(mode), "PNG", **save)


def webp(mode: str = "RGB", **save: Any) -> bytes:
    """The scene as a WebP without loss."""
    return encode(scene(mode), "WEBP", **({"lossless": True, "exact": True} | save))


def exif(
    orientation: int = 6,
    *,
    kind: int = 3,
    count: int = 1,
    order: str = ">",
    more: tuple[tuple[int, int, int, bytes], ...] = (),
) -> bytes:
    """EXIF of an orientation beside other entries: their tags, types, counts and four bytes."""
    value = struct.pack(f"{order}{'I' if kind == 4 else 'H2x'}", orientation)
    entries = sorted([(0x0112, kind, count, value), *more])
    body = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3] for entry in entries)
    start = {">": b"MM\0*\0\0\0\x08", "<": b"II*\0\x08\0\0\0"}[order]
    return start + struct.pack(f"{order}H", len(entries)) + body + bytes(4)


def with_segment(data: bytes, marker: int, payload: bytes) -> bytes:
    """A JPEG with one more segment in front."""
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + data[2:]


def with_exif(data: bytes, block: bytes) -> bytes:
    """A JPEG with this EXIF."""
    return with_segment(data, 0xE1, b"Exif\0\0" + block)


def without_segment(data: bytes, marker: int) -> bytes:
    """A JPEG without its segments of this marker, all in front of its scan."""
    kept, place = data[:2], 2
    while data[place + 1] != 0xDA:
        length = 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
        if data[place + 1] != marker:
            kept += data[place : place + length]
        place += length
    return kept + data[place:]


def chunk(name: bytes, data: bytes, *, is_whole: bool = True) -> bytes:
    """A chunk of a PNG; its checksum is wrong unless it is whole."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data) ^ (not is_whole))


def with_chunk(data: bytes, name: bytes, payload: bytes, *, is_whole: bool = True) -> bytes:
    """A PNG with one more chunk, right after its header."""
    return data[:33] + chunk(name, payload, is_whole=is_whole) + data[33:]


def raw_png(samples: np.ndarray, colour: int, bits: int, *more: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """A PNG of samples (height, width, channels), with more chunks between header and pixels."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [samples]
    rows = b"".join(b"\0" + _row(row, bits) for part in parts if part.size for row in part)
    return b"".join(
        [
            PNG_START,
            chunk(b"IHDR", header),
            *(chunk(*named) for named in more),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def _row(row: np.ndarray, bits: int) -> bytes:
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype(np.uint8).tobytes()
    digits = "".join(f"{value:0{bits}b}" for value in row.ravel())
    return int(digits.ljust(-(-len(digits) // 8) * 8, "0"), 2).to_bytes(-(-len(digits) // 8), "big")


def _pixels(mode: str = "RGB") -> np.ndarray:
    pixels = np.asarray(scene(mode))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def chrm(*, red: tuple[float, float]) -> bytes:
    """The chromaticities of sRGB but for red, as PNG writes them."""
    places = (0.3127, 0.3290, *red, 0.30, 0.60, 0.15, 0.06)
    return struct.pack(">8I", *(round(place * 100_000) for place in places))


def gamma(value: float) -> bytes:
    """A gAMA chunk's data."""
    return struct.pack(">I", round(value * 100_000))


def animation(codec: str, *, first: Image.Image | None = None) -> bytes:
    """Three frames, the scene in the middle; the first is the scene too unless given."""
    frames = [scene("RGBA") if codec != "GIF" else scene(), scene().transpose(Image.Transpose.ROTATE_180)]
    save: dict[str, Any] = {"lossless": True} if codec == "WEBP" else {}
    return encode(first or frames[0], codec, save_all=True, append_images=frames, duration=100, **save)


def _jpegs() -> dict[str, bytes]:
    whole, progressive, cmyk = jpeg(), jpeg(progressive=True), jpeg("CMYK")
    ascii_resolution = (0x011A, 2, 4, b"72\0\0")
    long_unit = (0x0128, 4, 1, b"\0\0\0\x02")
    return {
        "jpeg": whole,
        "jpeg_progressive": progressive,
        "jpeg_half_colours": jpeg(subsampling=2),
        "jpeg_grey": jpeg("L"),
        "jpeg_restarts": jpeg(restart_marker_blocks=3),
        **{f"jpeg_exif_{turn}": with_exif(whole, exif(turn)) for turn in range(2, 9)},
        "jpeg_exif_little_endian": with_exif(whole, exif(order="<")),
        "jpeg_exif_ascii_resolution": with_exif(whole, exif(more=(ascii_resolution,))),
        "jpeg_exif_long_unit": with_exif(whole, exif(more=(long_unit,))),
        "jpeg_exif_orientation_is_long": with_exif(whole, exif(kind=4)),
        "jpeg_exif_two_orientations": with_exif(whole, exif(count=2)),
        "jpeg_exif_unknown_orientation": with_exif(whole, exif(9)),
        "jpeg_exif_cut_short": with_exif(whole, exif()[:16]),
        "jpeg_exif_senseless": with_exif(whole, b"MM\0*\xff\xff\xff\xff"),
        "jpeg_exif_twice": with_exif(with_exif(whole, exif(3)), exif(6)),
        "jpeg_exif_after_xmp": with_segment(
            with_exif(whole, exif(6)), 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"
        ),
        "jpeg_xmp_sideways": jpeg(xmp=XMP_SIDEWAYS),
        "jpeg_swapped": jpeg(icc_profile=profiles.swapped_profile()),
        "jpeg_p3": jpeg(icc_profile=P3),
        "jpeg_srgb": jpeg(icc_profile=profiles.SRGB_PROFILE),
        "jpeg_lab_profile": jpeg(icc_profile=profiles.lab_profile(b"RGB ", 3)),
        "jpeg_broken_profile": jpeg(icc_profile=b"no profile at all" * 20),
        "jpeg_part_of_a_profile": jpeg(icc_profile=profiles.swapped_profile()).replace(
            b"ICC_PROFILE\0\x01\x01", b"ICC_PROFILE\0\x02\x03"
        ),
        "jpeg_profile_cut_short": jpeg(icc_profile=P3[:300]),
        "jpeg_profile_of_inks": jpeg(icc_profile=profiles.lab_profile(b"CMYK", 4)),
        "jpeg_grey_profile": jpeg("L", icc_profile=profiles.grey_profile(1.0)),
        "jpeg_grey_with_rgb_profile": jpeg("L", icc_profile=matrix_of_gamma(1.0)),
        "jpeg_grey_profile_on_colours": jpeg(icc_profile=profiles.grey_profile(1.0)),
        "jpeg_cmyk": cmyk,
        "jpeg_cmyk_not_adobe": without_segment(cmyk, 0xEE),
        "jpeg_ycck": cmyk.replace(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0", b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x02"),
        "jpeg_cmyk_profile": jpeg("CMYK", icc_profile=profiles.lab_profile(b"CMYK", 4)),
        "jpeg_cmyk_rgb_profile": jpeg("CMYK", icc_profile=P3),
        "jpeg_adobe_rgb_components": with_segment(without_segment(whole, 0xE0), 0xEE, b"Adobe\0\x64\0\0\0\0\0"),
        "jpeg_trailing_bytes": whole + b"\0trailer" * 50,
        "jpeg_mpo": encode(scene(), "MPO", save_all=True, append_images=[scene().rotate(180)], quality=97),
    }


def matrix_of_gamma(value: float) -> bytes:
    """sRGB's primaries with another gamma."""
    return profiles.matrix_profile(profiles.SRGB_COLUMNS, value)


def _pngs() -> dict[str, bytes]:
    plain, grey = png(), _pixels("L")
    wide = _pixels().astype(int) * 257 - 100
    interlaced = raw_png(_pixels("RGBA"), 6, 8, interlaced=True)
    indexed = scene().quantize(32)
    return {
        "png": plain,
        "png_rgba": png("RGBA"),
        "png_grey": png("L"),
        "png_grey_alpha": png("LA"),
        "png_1_bit": png("1"),
        "png_2_bits_transparent": raw_png(grey >> 6, 0, 2, (b"tRNS", b"\0\x02")),
        "png_1_bit_transparent": raw_png(grey >> 7, 0, 1, (b"tRNS", b"\0\x01")),
        "png_grey_transparent": raw_png(grey, 0, 8, (b"tRNS", struct.pack(">H", grey[40, 40, 0]))),
        "png_rgb_transparent": raw_png(_pixels(), 2, 8, (b"tRNS", struct.pack(">3H", *_pixels()[40, 40]))),
        "png_palette": encode(indexed, "PNG"),
        "png_palette_transparent": encode(indexed, "PNG", transparency=bytes(range(0, 256, 8))),
        "png_16_bits": raw_png(wide, 2, 16),
        "png_16_bits_grey": raw_png(grey.astype(int) * 257 - 100, 0, 16),
        "png_16_bits_grey_alpha": raw_png(_pixels("LA").astype(int) * 257, 4, 16),
        "png_16_bits_grey_transparent": raw_png(
            grey.astype(int) * 257, 0, 16, (b"tRNS", struct.pack(">H", int(grey[40, 40, 0]) * 257))
        ),
        "png_interlaced": interlaced,
        "png_interlaced_1_bit": raw_png(grey >> 7, 0, 1, interlaced=True),
        "png_gamma_1": with_chunk(plain, b"gAMA", gamma(1.0)),
        "png_gamma_usual": with_chunk(plain, b"gAMA", gamma(0.45455)),
        "png_gamma_half": with_chunk(plain, b"gAMA", gamma(0.5)),
        "png_gamma_usual_and_primaries": with_chunk(
            with_chunk(plain, b"cHRM", chrm(red=(0.70, 0.29))), b"gAMA", gamma(0.45455)
        ),
        "png_gamma_usual_and_usual_primaries": with_chunk(
            with_chunk(plain, b"cHRM", chrm(red=(0.64, 0.33))), b"gAMA", gamma(0.45455)
        ),
        "png_bad_primaries": with_chunk(with_chunk(plain, b"cHRM", bytes(32)), b"gAMA", gamma(0.55)),
        "png_16_bits_rgb_transparent": raw_png(
            _pixels().astype(int) * 257,
            2,
            16,
            (b"tRNS", struct.pack(">3H", *(int(v) * 257 for v in _pixels()[40, 40]))),
        ),
        "png_grey_with_rgb_profile": png("L", icc_profile=matrix_of_gamma(1.0)),
        "png_grey_profile_on_colours": png(icc_profile=profiles.grey_profile(1.0)),
        "png_palette_grey_profile": encode(indexed, "PNG", icc_profile=profiles.grey_profile(1.0)),
        "png_gamma_0": with_chunk(plain, b"gAMA", gamma(0)),
        "png_gamma_grey": with_chunk(png("L"), b"gAMA", gamma(1.0)),
        "png_primaries_only": with_chunk(plain, b"cHRM", chrm(red=(0.70, 0.29))),
        "png_gamma_and_primaries": with_chunk(with_chunk(plain, b"cHRM", chrm(red=(0.70, 0.29))), b"gAMA", gamma(0.55)),
        "png_srgb_and_gamma": with_chunk(with_chunk(plain, b"gAMA", gamma(1.0)), b"sRGB", b"\0"),
        "png_cicp_p3": with_chunk(plain, b"cICP", bytes([12, 13, 0, 1])),
        "png_cicp_bt709": with_chunk(plain, b"cICP", bytes([1, 1, 0, 1])),
        "png_cicp_bt2020": with_chunk(plain, b"cICP", bytes([9, 14, 0, 1])),
        "png_swapped": png(icc_profile=profiles.swapped_profile()),
        "png_profile_and_gamma": with_chunk(png(icc_profile=P3), b"gAMA", gamma(1.0)),
        "png_rgba_p3": png("RGBA", icc_profile=P3),
        "png_palette_p3": encode(indexed, "PNG", icc_profile=P3),
        "png_grey_profile": png("L", icc_profile=profiles.grey_profile(1.0)),
        "png_broken_profile": png(icc_profile=b"no profile at all" * 20),
        "png_profile_does_not_unpack": with_chunk(plain, b"iCCP", b"name\0\0no zlib stream"),
        "png_exif_6": with_chunk(plain, b"eXIf", exif()),
        "png_exif_at_the_end": plain[:-12] + chunk(b"eXIf", exif()) + plain[-12:],
        "png_bad_phys": with_chunk(plain, b"pHYs", bytes(9), is_whole=False),
        "png_bad_text": with_chunk(plain, b"tEXt", b"Title\0x", is_whole=False),
        "png_gamma_beside_a_broken_profile": with_chunk(
            png(icc_profile=b"no profile at all" * 20), b"gAMA", gamma(1.0)
        ),
        "png_bad_gamma": with_chunk(plain, b"gAMA", gamma(1.0), is_whole=False),
        "png_big_ztxt": with_chunk(plain, b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3_000_000))),
        "png_big_itxt": with_chunk(plain, b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(3_000_000))),
        "png_xmp_sideways": with_chunk(plain, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_SIDEWAYS),
        "png_animated": animation("PNG"),
        "png_trailing_bytes": plain + b"trailer" * 50,
    }


def _others() -> dict[str, bytes]:
    return {
        "webp": webp(),
        "webp_lossy": webp(lossless=False, quality=95),
        "webp_alpha": webp("RGBA"),
        "webp_exif_6": webp(exif=exif()),
        "webp_xmp_sideways": webp(xmp=XMP_SIDEWAYS),
        "webp_p3": webp(icc_profile=P3),
        "webp_swapped": webp("RGBA", icc_profile=profiles.swapped_profile()),
        "webp_animated": animation("WEBP"),
        "gif": encode(scene().quantize(64), "GIF"),
        "gif_transparent": encode(scene().quantize(64), "GIF", transparency=7),
        "gif_animated": animation("GIF"),
    }


KINDS: dict[str, bytes] = {**_jpegs(), **_pngs(), **_others()}


def heic(picture: Image.Image | None = None, **save: Any) -> bytes:
    """The scene, or another picture, as a phone of Apple's keeps it."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture or scene()).save(buffer, quality=95, chroma=444, **save)
    return buffer.getvalue()
