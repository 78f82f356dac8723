"""Image files that only somebody with ill intent, or an old camera, would make."""

import io
import struct
import zlib
from typing import Any

from PIL import ExifTags, Image

from tests.factories import photo_bytes

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"
TRUNCATED_PNG = photo_bytes(format="PNG")[:20]


def plain_png(width: int, height: int, bits: int = 1) -> bytes:
    """A black greyscale PNG, written without ever holding its pixels."""
    row = b"\0" * (1 + (width * bits + 7) // 8)
    pack = zlib.compressobj(9)
    pixels = b"".join(pack.compress(row) for _ in range(height)) + pack.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def frames(count: int, codec: str, side: int = 64, **save: Any) -> bytes:
    """A small animation, square."""
    # Frames that are alike would be merged into one.
    images = [
        Image.new("RGB", (side, side), (number % 251, number // 251 * 100, 200 * (number % 2)))
        for number in range(count)
    ]
    buffer = io.BytesIO()
    images[0].save(buffer, codec, save_all=True, append_images=images[1:], **save)
    return buffer.getvalue()


def turned_photo(orientation: int, codec: str = "JPEG") -> bytes:
    """A photo of 96 by 72 pixels whose EXIF says how to turn it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return photo_bytes(format=codec, exif=exif)
