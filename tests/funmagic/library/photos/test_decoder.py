import numpy as np
import pytest
from PIL import Image

from funmagic.library.errors import DamagedPhoto, UnsupportedFile
from funmagic.library.images import ImageFacts, inspect_image
from funmagic.library.photos.decoder import check_photo, decode_photo
from tests.factories import photo_bytes
from tests.funmagic.library.photos import kinds
from tests.funmagic.library.photos.faulty import DAMAGED, DRAWN, WITHOUT_END
from tests.funmagic.library.photos.kinds import KINDS

ALL = KINDS | DRAWN
SCENE = np.asarray(kinds.scene()).astype(int)


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_is_measured_as_it_is_decoded_and_nothing_of_its_file_is_left(kind: str) -> None:
    picture, facts = decode_photo(ALL[kind]), inspect_image(ALL[kind])
    assert (facts.width, facts.height) == picture.size
    assert picture.mode in ("RGB", "RGBA")
    assert picture.info == {}
    assert dict(picture.getexif()) == {}
    check_photo(ALL[kind])


@pytest.mark.parametrize("kind", WITHOUT_END)
def test_a_file_without_its_end_is_whole_when_its_pixels_are(kind: str) -> None:
    check_photo(WITHOUT_END[kind])
    seen = np.asarray(decode_photo(WITHOUT_END[kind])).astype(int)
    scene = np.asarray(kinds.scene("L").convert("RGB")).astype(int) if kind == "jpeg_grey" else SCENE
    assert np.abs(seen - scene).max() <= 4


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("look", [decode_photo, check_photo])
def test_a_file_without_some_of_its_pixels_is_damaged(kind: str, look: object) -> None:
    with pytest.raises(DamagedPhoto, match="DAMAGED_FILE") as refusal:
        look(DAMAGED[kind])
    assert refusal.value.message == "This file is damaged. Please choose another photo."


@pytest.mark.parametrize("codec", ["BMP", "TIFF", "AVIF", "ICO"])
def test_other_pictures_are_refused_by_naming_what_we_take(codec: str) -> None:
    with pytest.raises(UnsupportedFile) as refusal:
        decode_photo(kinds.encode(kinds.scene(), codec))
    assert "PNG, JPEG, WebP, GIF or HEIC" in refusal.value.message


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_of_an_iphone_is_upright_and_in_srgb(orientation: int) -> None:
    data = kinds.heic(icc_profile=kinds.P3, exif=b"Exif\0\0" + kinds.exif(orientation))
    assert inspect_image(data) == ImageFacts("image/heic", *((96, 72) if orientation == 1 else (72, 96)))
    seen = decode_photo(data)
    expected = decode_photo(kinds.with_exif(KINDS["jpeg_p3"], kinds.exif(orientation)))
    assert seen.size == expected.size
    assert np.abs(np.asarray(seen).astype(int) - np.asarray(expected)).mean() < 3


@pytest.mark.parametrize("codec", ["GIF", "PNG", "WEBP"])
def test_an_animation_that_begins_with_nothing_is_seen_at_its_first_picture(codec: str) -> None:
    nothing = Image.new("RGBA", (96, 72), (0, 0, 0, 0))
    seen = decode_photo(kinds.animation(codec, first=nothing)).convert("RGBA")
    assert seen.getchannel("A").getextrema()[1] == 255
    assert np.abs(np.asarray(seen.convert("RGB"))[60].astype(int) - SCENE[60]).mean() < 8


def test_a_picture_that_shows_nothing_at_all_is_still_one() -> None:
    nothing = Image.new("RGBA", (96, 72), (0, 0, 0, 0))
    assert decode_photo(kinds.encode(nothing, "PNG")).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("near", [512, 700])
def test_a_large_jpeg_may_come_smaller_but_never_too_small(near: int) -> None:
    size = decode_photo(photo_bytes(4000, 3000), near=near).size
    assert near <= min(size) < 3000
    assert decode_photo(photo_bytes(4000, 3000)).size == (4000, 3000)


def test_of_two_photos_in_one_jpeg_the_first_is_the_one() -> None:
    assert np.abs(np.asarray(decode_photo(KINDS["jpeg_mpo"])).astype(int) - SCENE).mean() < 2
