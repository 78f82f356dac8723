"""What leaves our house is seen alike by everybody."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from funmagic.library.photos.decoder import decode_photo
from funmagic.library.photos.rewriting import draw_for_browsers, make_plain
from tests.factories import photo_bytes
from tests.funmagic.library.photos import kinds
from tests.funmagic.library.photos.faulty import DRAWN, WITHOUT_END
from tests.funmagic.library.photos.kinds import KINDS

ALL = KINDS | DRAWN
HEIC = kinds.heic(exif=b"Exif\0\0" + kinds.exif())
SHOWN_AS_WE_SEE_THEM = {"webp_exif_6", "heic"}


@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_needs_nothing_stays_as_it_is(codec: str) -> None:
    data = photo_bytes(format=codec)
    assert make_plain(data) == (data, f"image/{codec.lower()}")


@pytest.mark.parametrize("kind", [*ALL, "heic"])
def test_whoever_knows_nothing_of_orientations_and_profiles_sees_what_we_see(kind: str) -> None:
    data = ALL.get(kind, HEIC)
    plain, mime = make_plain(data)
    with Image.open(io.BytesIO(plain)) as theirs:
        assert theirs.get_format_mimetype() == mime in ("image/jpeg", "image/png", "image/webp")
        assert not {"icc_profile", "exif", "xmp", "gamma"} & set(theirs.info)
        assert ImageOps.exif_transpose(theirs).size == theirs.size
        seen, ours = (np.asarray(picture.convert("RGBA")).astype(int) for picture in (theirs, decode_photo(data)))
    assert seen.shape == ours.shape
    assert np.abs(seen[..., 3] - ours[..., 3]).max() <= 1
    assert (np.abs(seen - ours) * ours[..., 3:] / 255).mean() < 2


@pytest.mark.parametrize(
    "kind", ["jpeg_srgb", "jpeg_xmp_sideways", "jpeg_trailing_bytes", "png_big_ztxt", "png_xmp_sideways"]
)
def test_what_surrounds_the_pixels_stays_here(kind: str) -> None:
    assert make_plain(KINDS[kind])[0] == KINDS[kind.partition("_")[0]]


@pytest.mark.parametrize("kind", [*ALL, "heic"])
def test_what_browsers_would_show_otherwise_is_shown_as_we_see_it(kind: str) -> None:
    data = ALL.get(kind, HEIC)
    shown = draw_for_browsers(data)
    assert (shown is not None) == (kind in SHOWN_AS_WE_SEE_THEM or "_animated" in kind)
    if shown:
        assert Image.open(io.BytesIO(shown)).size == decode_photo(data).size


def test_a_jpeg_without_its_end_is_shown_whole() -> None:
    assert draw_for_browsers(WITHOUT_END["jpeg"]) is not None
