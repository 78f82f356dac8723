import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.local.cutout.photo import clear_hidden, is_cut_out, split_photo

HIDDEN = [(0, 0, 0), (255, 255, 255), (255, 0, 255)]


def with_alpha(draw_visible, size=(200, 200), hidden=(0, 0, 0)) -> Image.Image:
    """A red and green picture with an alpha that is drawn, and this colour where it is clear."""
    alpha = Image.new("L", size)
    draw_visible(ImageDraw.Draw(alpha))
    colours = Image.new("RGB", size, (200, 30, 20))
    colours.paste((20, 200, 30), (size[0] // 2, 0, *size))
    picture = Image.composite(colours, Image.new("RGB", size, hidden), alpha.point(lambda value: 255 if value else 0))
    picture.putalpha(alpha)
    return picture


def disc(draw):
    draw.ellipse((50, 50, 150, 150), fill=255)


def shot(draw):
    draw.rectangle((20, 20, 180, 180), fill=255)


def badge(draw):
    draw.rounded_rectangle((0, 0, 199, 199), 20, fill=255)


def strip(draw):
    draw.rectangle((0, 40, 199, 199), fill=255)


def nothing(_draw):
    pass


def frame(draw):
    draw.rectangle((0, 0, 199, 199), outline=255, width=20)


@pytest.mark.parametrize("shape", [disc, badge, nothing])
def test_nobody_sees_what_colour_lies_under_full_transparency(shape):
    seen = {split_photo(with_alpha(shape, hidden=colour))[0].tobytes() for colour in HIDDEN}
    assert len(seen) == 1
    assert len({clear_hidden(with_alpha(shape, hidden=colour)).tobytes() for colour in HIDDEN}) == 1


def test_what_can_be_seen_stays_and_runs_on_beyond_its_edge():
    photo, alpha = split_photo(with_alpha(disc))
    assert (photo.getpixel((60, 100)), photo.getpixel((140, 100))) == ((200, 30, 20), (20, 200, 30))
    assert np.abs(np.array(photo.getpixel((5, 100))) - (200, 30, 20)).max() < 12
    assert alpha.getpixel((5, 100)) == 0


@pytest.mark.parametrize(
    ("shape", "expected"), [(disc, True), (frame, True), (shot, False), (badge, False), (strip, False)]
)
def test_a_subject_that_was_cut_out_is_told_from_a_photo_with_a_missing_edge(shape, expected):
    assert is_cut_out(with_alpha(shape).getchannel("A")) is expected


@pytest.mark.parametrize("value", [0, 128, 250, 255])
def test_the_same_alpha_everywhere_cuts_nothing_out(value):
    assert not is_cut_out(Image.new("L", (50, 50), value))
