"""What another machine calls a cut-out is looked at before it is a person's."""

import io
import zlib

import pytest
from PIL import Image

from tests.factories import photo_bytes
from worker.providers.base import ProviderError
from worker.providers.cutouts import read_cutout

PHOTO = photo_bytes(60, 40)


def png(mode="RGBA", size=(60, 40), **save):
    encoded = io.BytesIO()
    Image.new(mode, size).save(encoded, "PNG", **save)
    return encoded.getvalue()


@pytest.mark.parametrize("data", [png(), png("LA"), png("P", transparency=0)], ids=["RGBA", "LA", "palette"])
def test_a_transparent_png_of_the_photos_size_is_taken_as_it_is(data):
    file = read_cutout(data, PHOTO)
    assert (file.data, file.mime, file.width, file.height) == (data, "image/png", 60, 40)


def bomb():
    """A PNG that says it is the photo's size and unpacks to far more."""
    head = png()[:33]
    packed = zlib.compress(bytes(50_000_000))
    chunk = b"IDAT" + packed
    return head + len(packed).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + png()[-12:]


def test_a_png_that_unpacks_to_more_than_its_size_costs_no_more_than_its_size():
    assert read_cutout(bomb(), PHOTO).width == 60


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        png()[:-30],
        png()[:20],
        png("RGB"),
        png("L"),
        png(size=(60, 41)),
        png(size=(40, 60)),
        png(size=(7000, 7000)),
        photo_bytes(60, 40),
        photo_bytes(60, 40, format="WEBP"),
        photo_bytes(60, 40, format="GIF"),
    ],
    ids=["none", "html", "cut", "head", "RGB", "L", "taller", "sideways", "huge", "jpeg", "webp", "gif"],
)
def test_anything_else_is_the_providers_error(data):
    with pytest.raises(ProviderError):
        read_cutout(data, PHOTO)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_cut_out_is_upright_whether_the_provider_knew_of_orientations_or_not(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = photo_bytes(60, 40, exif=exif)
    seen = (60, 40) if orientation < 5 else (40, 60)
    for size in (seen, (60, 40)):
        file = read_cutout(png(size=size), photo)
        assert (file.width, file.height) == Image.open(io.BytesIO(file.data)).size == seen


def test_turning_keeps_the_pixels_where_they_belong():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: what lies left in the file is on top
    image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 10, 40))
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    file = read_cutout(encoded.getvalue(), photo_bytes(60, 40, exif=exif))
    turned = Image.open(io.BytesIO(file.data))
    assert turned.getpixel((20, 2)) == (255, 0, 0, 255)
    assert turned.getpixel((20, 57))[3] == 0
