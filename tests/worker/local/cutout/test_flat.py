import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.local.cutout.flat import find_flat, lift

RED, GREEN, YELLOW = (200, 16, 30), (20, 90, 60), (250, 200, 40)


def logo(ground: tuple[int, int, int] = (255, 255, 255), scale: int = 1) -> Image.Image:
    picture = Image.new("RGB", (400 * scale, 200 * scale), ground)
    font = ImageFont.load_default(80 * scale)
    ImageDraw.Draw(picture).text((30 * scale, 50 * scale), "LOGO 8", RED, font)
    return picture


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (240, 220, 190)])
@pytest.mark.parametrize("scale", [1, 4])
def test_a_logo_loses_its_ground_and_looks_the_same_on_it(ground, scale):
    picture = logo(ground, scale)
    lifted = lift(picture, find_flat(picture))
    back = Image.new("RGBA", picture.size, (*ground, 255))
    back.alpha_composite(lifted)
    assert np.abs(np.asarray(back.convert("RGB"), np.int16) - np.asarray(picture)).max() <= 6
    alpha = np.asarray(lifted.getchannel("A"))
    is_ground = (np.asarray(picture) == ground).all(axis=2)
    assert alpha[is_ground].max() == 0
    assert alpha[(np.asarray(picture) == RED).all(axis=2)].min() == 255


def test_soft_edges_keep_no_trace_of_the_ground():
    picture = logo()
    lifted = np.asarray(lift(picture, find_flat(picture)))
    soft = (lifted[..., 3] > 60) & (lifted[..., 3] < 200)
    assert soft.sum() > 50
    assert np.abs(lifted[soft][:, :3].astype(int) - RED).mean() < 8


def test_several_colours_all_stay():
    picture = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((100, 80, 500, 320), fill=GREEN)
    draw.ellipse((420, 60, 540, 180), fill=YELLOW)
    lifted = lift(picture, find_flat(picture))
    assert lifted.getpixel((150, 200)) == (*GREEN, 255)
    assert lifted.getpixel((480, 120)) == (*YELLOW, 255)
    assert lifted.getpixel((10, 10))[3] == 0


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_a_photo_is_not_flat(name):
    assert find_flat(Image.open(f"assets/samples/{name}.jpg").convert("RGB")) is None


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_a_product_photo_on_white_is_not_flat(name):
    subject = Image.open(f"assets/showcase/{name}_cutout.webp")
    photo = Image.new("RGB", subject.size, "white")
    photo.paste(subject, mask=subject.getchannel("A"))
    assert find_flat(photo) is None


def test_a_plain_picture_is_painted_with_nothing():
    assert find_flat(Image.new("RGB", (300, 200), "white")) is None
