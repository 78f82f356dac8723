"""Pictures are sent as they are where a provider takes them, and written anew where it does not."""

import io

import pytest
from PIL import Image

from tests.factories import photo_bytes
from worker.providers.base import InputFile, InvalidWork
from worker.providers.pictures import LONGEST_SIDE, fit_picture

LIMIT = 1_000_000


def fit(data, max_bytes=LIMIT):
    return fit_picture(InputFile(data, "image/png", "me.png", "asset-1"), "photo", max_bytes=max_bytes)


def encoded(image, format="PNG", **save):  # noqa: A002 - Pillow's own name
    buffer = io.BytesIO()
    image.save(buffer, format, **save)
    return buffer.getvalue()


def opened(file):
    return Image.open(io.BytesIO(file.data))


@pytest.mark.parametrize(
    ("format", "mime", "name"),
    [("PNG", "image/png", "photo.png"), ("JPEG", "image/jpeg", "photo.jpg"), ("WEBP", "image/webp", "photo.webp")],
)
def test_a_picture_of_a_known_type_stays_as_it_is_under_a_plain_name(format, mime, name):  # noqa: A002 - Pillow's own name
    data = photo_bytes(format=format)
    assert fit(data) == InputFile(data, mime, name, "asset-1")


def test_of_a_moving_picture_the_first_frame_is_sent():
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    for format in ("GIF", "WEBP", "PNG"):  # noqa: A001 - Pillow's own name
        moving = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        file = fit(moving)
        assert (file.mime, file.filename) == ("image/jpeg", "photo.jpg")
        assert opened(file).getpixel((5, 5))[0] > 200


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
def test_colours_of_any_kind_are_written_anew_as_plain_ones(mode):
    file = fit(encoded(Image.new(mode, (300, 200)), "JPEG"), max_bytes=10)
    assert (file.mime, opened(file).mode, opened(file).size) == ("image/jpeg", "RGB", (300, 200))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_kept(mode):
    file = fit(encoded(Image.new(mode, (300, 200))), max_bytes=10)
    assert (file.mime, file.filename, opened(file).mode) == ("image/webp", "photo.webp", "RGBA")


def test_a_gif_with_transparency_keeps_it():
    image = Image.new("P", (30, 20))
    image.info["transparency"] = 0
    assert opened(fit(encoded(image, "GIF", transparency=0))).mode == "RGBA"


def test_what_is_written_anew_is_no_larger_than_models_look_at():
    file = fit(encoded(Image.new("RGB", (4096, 1024)), "JPEG"), max_bytes=10)
    assert opened(file).size == (LONGEST_SIDE, LONGEST_SIDE // 4)


@pytest.mark.parametrize("data", [b"", b"no picture", photo_bytes(format="GIF")[:70]])
def test_what_cannot_be_decoded_is_invalid(data):
    with pytest.raises(InvalidWork):
        fit(data)
