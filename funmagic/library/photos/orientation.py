"""How a photo is to be turned, as browsers read it from EXIF; nothing of the EXIF is ever written anew."""

import struct

from PIL import Image

UPRIGHT = 1
ORIENTATION_TAG = 0x0112
SHORT = 3
BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Those that swap width and height.
SIDEWAYS = (5, 6, 7, 8)


def read_orientation(exif: bytes) -> int:
    """The orientation that a block of EXIF names, 1 to 8; 1 where it names none, or not as the standard has it."""
    order = BYTE_ORDERS.get(exif[:4])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, directory)
        for place in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, place)
            if tag == ORIENTATION_TAG:
                return value if (kind, count) == (SHORT, 1) and value in TURNS else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image as people see it; itself where nothing is to be turned."""
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
