import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funmagic.library.errors import DamagedPhoto, ImageTooLarge, UnsupportedFile
from funmagic.library.images import ImageFacts, inspect_image
from funmagic.library.photos.decoder import decode_photo
from tests.factories import photo_bytes
from tests.funmagic.library import samples
from tests.servers import PROJECT

MEMORY_USED = r"""
import io, re, sys
from pathlib import Path
from PIL import Image
from funmagic.core.errors import FunMagicError
from funmagic.library.images import inspect_image

def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024

data, small = Path(sys.argv[1]).read_bytes(), io.BytesIO()
Image.new("L", (8, 8)).save(small, "PNG")
inspect_image(small.getvalue())
before = peak()
try:
    answer = inspect_image(data)
except FunMagicError as error:
    answer = error.code
print(answer)
print(peak() - before)
"""


def inspect_elsewhere(path: Path, data: bytes) -> tuple[str, int]:
    """What another process says of an image, and by how many megabytes its peak of memory rose."""
    path.write_bytes(data)
    command = [sys.executable, "-c", MEMORY_USED, str(path)]
    answer, megabytes = subprocess.check_output(command, cwd=PROJECT, text=True).splitlines()
    return answer, int(megabytes)


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_accepted_type_is_known_by_its_bytes(codec: str) -> None:
    assert inspect_image(photo_bytes(format=codec)) == ImageFacts(f"image/{codec.lower()}", 96, 72)


@pytest.mark.parametrize(
    "data", [b"", samples.SVG, samples.PDF, samples.HTML, samples.TRUNCATED_PNG, b"GIF89a", b"\xff\xd8\xff"]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFile):
        inspect_image(data)


@pytest.mark.parametrize("codec", ["BMP", "TIFF", "PPM", "ICO", "PDF", "EPS", "TGA"])
def test_other_formats_that_pillow_reads_are_refused(codec: str) -> None:
    with pytest.raises(UnsupportedFile):
        inspect_image(photo_bytes(format=codec))


def test_a_camera_photo_with_a_second_picture_in_it_is_a_jpeg() -> None:
    data = samples.frames(2, "MPO")
    assert inspect_image(data) == ImageFacts("image/jpeg", 64, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("codec", ["JPEG", "PNG"])
def test_a_photo_is_measured_as_people_see_it(orientation: int, codec: str) -> None:
    facts = inspect_image(samples.turned_photo(orientation, codec))
    assert (facts.width, facts.height) == ((72, 96) if orientation >= 5 else (96, 72))


def test_an_enormous_image_is_refused_without_decoding_it(tmp_path: Path) -> None:
    data = samples.plain_png(30_000, 30_000)
    assert len(data) < 200_000
    answer, megabytes = inspect_elsewhere(tmp_path / "bomb.png", data)
    assert answer == "IMAGE_TOO_LARGE"
    assert megabytes < 10


def test_a_large_image_within_the_limit_is_not_decoded_either(tmp_path: Path) -> None:
    answer, megabytes = inspect_elsewhere(tmp_path / "large.png", samples.plain_png(8000, 4900, bits=8))
    assert answer == str(ImageFacts("image/png", 8000, 4900))
    assert megabytes < 10


@pytest.mark.parametrize(("width", "height", "fits"), [(8000, 5000, True), (8001, 5000, False), (20_000, 9_000, False)])
def test_forty_megapixels_are_the_limit(width: int, height: int, *, fits: bool) -> None:
    with contextlib.nullcontext() if fits else pytest.raises(ImageTooLarge):
        inspect_image(samples.plain_png(width, height))


@pytest.mark.parametrize(("codec", "save"), [("GIF", {}), ("PNG", {}), ("WEBP", {"quality": 1, "method": 0})])
def test_an_animation_of_any_length_is_one_picture(codec: str, save: dict[str, int]) -> None:
    assert inspect_image(samples.frames(310, codec, **save)).width == 64


VALID = [
    *(photo_bytes(format=codec) for codec in ("PNG", "JPEG", "WEBP", "GIF")),
    *(samples.turned_photo(6, codec) for codec in ("PNG", "JPEG", "WEBP")),
    *(samples.frames(3, codec) for codec in ("GIF", "PNG", "WEBP", "MPO")),
]
MAGIC = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1\x00\x20Exif\0\0",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBPVP8 ",
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid image with some bytes changed, and perhaps cut short."""
    data = bytearray(draw(st.sampled_from(VALID)))
    # Headers lie at the front: most changes go there.
    places = st.one_of(st.integers(0, min(200, len(data) - 1)), st.integers(0, len(data) - 1))
    for place, value in draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        data[place] = value
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(1, len(data))))])


def survives(data: bytes) -> None:
    with contextlib.suppress(UnsupportedFile, ImageTooLarge):
        facts = inspect_image(data)
        with contextlib.suppress(ImageTooLarge, DamagedPhoto):
            assert min(decode_photo(data).size) > 0
        assert facts.mime in ("image/png", "image/jpeg", "image/webp", "image/gif")
        assert facts.width > 0
        assert facts.height > 0


@settings(max_examples=300, deadline=None)
@given(st.builds(lambda magic, rest: magic + rest, st.sampled_from(MAGIC), st.binary(max_size=300)))
def test_random_bytes_raise_nothing_unnamed(data: bytes) -> None:
    survives(data)


@settings(max_examples=800, deadline=None)
@given(mutated())
def test_damaged_images_raise_nothing_unnamed(data: bytes) -> None:
    survives(data)
