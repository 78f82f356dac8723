"""What shows nothing is never sold, and what shows anything is never taken for it."""

from itertools import cycle, product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.worker.local.cutout.pictures import (
    COLOURS,
    checks,
    dots,
    frame,
    gradient,
    grainy,
    jpeg,
    page,
    stripes,
    with_subject,
)
from worker.local.cutout.nothing import shows_nothing
from worker.local.cutout.pipeline import cut_out

SAMPLES = ["astronaut", "chelsea", "coffee"]
PALE = COLOURS[3]


def sample(name: str) -> Image.Image:
    return Image.open(f"assets/samples/{name}.jpg").convert("RGB")


def sample_cutout(name: str) -> Image.Image:
    return Image.open(f"assets/showcase/{name}_cutout.webp").convert("RGBA")


def in_turn(values, *others):
    """Every combination of the others, each with the next of the values."""
    return [(value, *rest) for value, rest in zip(cycle(values), product(*others), strict=False)]


@pytest.mark.parametrize(
    ("size", "centre", "colours"),
    in_turn([(200, 200), (640, 480), (900, 1600)], [(0.5, 0.5), (0.2, 0.3), (1, 1), (0.5, 0)], COLOURS),
)
def test_a_gradient_from_any_centre_shows_nothing(size, centre, colours):
    picture = gradient(size, centre, colours)
    assert shows_nothing(picture)
    assert shows_nothing(gradient(size, centre, colours[::-1]))
    assert shows_nothing(jpeg(picture, 40))
    assert shows_nothing(grainy(picture))


@pytest.mark.parametrize(("angle", "period", "colours"), in_turn([0, 17, 45, 90, 30], [12, 25, 60, 150], COLOURS))
def test_stripes_show_nothing(period, angle, colours):
    picture = stripes((800, 600), period, angle, colours)
    assert shows_nothing(picture)
    assert shows_nothing(jpeg(picture, 60))


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("quality", [None, 60])
def test_checks_and_dots_show_nothing(quality, colours):
    for picture in (checks((640, 480), 40, colours), checks((500, 700), 100, colours), dots((640, 480), 50, colours)):
        assert shows_nothing(jpeg(picture, quality) if quality else picture)


@pytest.mark.parametrize(
    ("quality", "measures", "colours"),
    in_turn([None, 80, 40], [(400, 300, 4), (1600, 1200, 20), (2000, 3000, 4), (600, 600, 40)], COLOURS),
)
def test_a_bare_frame_shows_nothing(quality, measures, colours):
    *size, width = measures
    picture = frame(tuple(size), width, colours)
    assert shows_nothing(jpeg(picture, quality) if quality else picture)


@pytest.mark.parametrize("turn", [3, 45])
def test_a_frame_that_is_round_or_turned_is_bare_too(turn):
    picture = frame((800, 800), 10, COLOURS[0], radius=40)
    assert shows_nothing(picture)
    assert shows_nothing(picture.resize((400, 400)).rotate(turn, Image.Resampling.BICUBIC, fillcolor=COLOURS[0][0]))


# Letters as small as the first disappear among what a poor JPEG puts around them.
@pytest.mark.parametrize("colours", [COLOURS[0], COLOURS[0][::-1], ((245, 225, 190), (60, 40, 30))])
@pytest.mark.parametrize(
    ("size", "letters", "worst"),
    [((620, 877), 14, 75), ((1240, 1754), 24, 40), ((900, 600), 20, 40), ((900, 600), 30, 40)],
)
def test_a_page_of_text_shows_nothing(size, letters, worst, colours):
    picture = page(size, letters, colours)
    assert shows_nothing(picture)
    for quality in (90, worst):
        assert shows_nothing(jpeg(picture, quality))


@pytest.mark.parametrize(
    "picture",
    [
        gradient((400, 300), (0.4, 0.6), COLOURS[1]),
        stripes((400, 300), 40, 30, COLOURS[0]),
        frame((400, 300), 5, COLOURS[0]),
        jpeg(page((620, 877), 14, COLOURS[0]), 80),
    ],
    ids=["gradient", "stripes", "frame", "page"],
)
def test_what_shows_nothing_comes_back_clear(model_path: Path, picture):
    assert cut_out(picture, model_path=model_path).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_photo_shows_something_however_poor_it_is(name):
    photo = sample(name)
    for poor in (
        photo,
        photo.convert("L").convert("RGB"),
        photo.resize((96, 72)),
        photo.resize((30, 20)),
        jpeg(photo, 15),
        photo.point(lambda value: value // 4),
        Image.blend(photo, Image.new("RGB", photo.size, "grey"), 0.7),
    ):
        assert not shows_nothing(poor)


@pytest.mark.parametrize("path", sorted(Path("assets/styles").glob("*.webp")), ids=lambda path: path.stem)
def test_a_painting_shows_something(path):
    assert not shows_nothing(Image.open(path).convert("RGB"))


GROUNDS = {
    "white": Image.new("RGB", (900, 600), "white"),
    "grey": Image.new("RGB", (900, 600), "grey"),
    "gradient": gradient((900, 600), (0.5, 0.5), PALE),
    "stripes": stripes((900, 600), 60, 30, PALE),
    "fine stripes": stripes((900, 600), 16, 0, PALE),
    "checks": checks((900, 600), 50, PALE),
}


@pytest.mark.parametrize("at", [(0.5, 0.5), (0.95, 0.95), (0.05, 0.95)])
@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_small_thing_is_seen_on_any_ground_and_in_any_corner(name, ground, at):
    for share in (0.5, 0.2, 0.08):
        assert not shows_nothing(jpeg(with_subject(ground, sample_cutout(name), share, at), 85))


@pytest.mark.parametrize("contrast", [45, 30])
def test_a_thing_in_the_fog_is_seen(contrast):
    fog = Image.new("RGB", (800, 600), (200, 200, 205))
    ImageDraw.Draw(fog).ellipse((250, 150, 550, 450), fill=(200 - contrast, 200 - contrast, 205 - contrast))
    assert not shows_nothing(grainy(fog))


@pytest.mark.parametrize("radius", [8, 40])
def test_the_moon_is_seen_in_the_night(radius):
    night = Image.new("RGB", (800, 600), (8, 10, 24))
    ImageDraw.Draw(night).ellipse((600 - radius, 150 - radius, 600 + radius, 150 + radius), fill=(240, 235, 220))
    assert not shows_nothing(jpeg(night, 85))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_photo_in_a_frame_is_a_photo(name):
    photo = sample(name)
    picture = Image.new("RGB", (photo.width + 80, photo.height + 80), "white")
    ImageDraw.Draw(picture).rectangle((20, 20, picture.width - 20, picture.height - 20), outline="black", width=10)
    picture.paste(photo, (40, 40))
    assert not shows_nothing(picture)


def face(pen: ImageDraw.ImageDraw) -> None:
    for box in ((150, 100, 450, 500), (220, 200, 260, 240), (340, 200, 380, 240), (250, 300, 350, 400)):
        pen.ellipse(box, outline="black", width=8)


def ring(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((150, 150, 450, 450), outline=(200, 160, 20), width=30)


def window(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((120, 100, 480, 500), outline="black", width=10)
    pen.line((300, 100, 300, 500), fill="black", width=10)


def telephone(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((200, 80, 400, 520), 30, outline="black", width=8)
    pen.line((270, 490, 330, 490), fill="black", width=6)


def tumbler(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon(((180, 100), (420, 100), (370, 500), (230, 500)), outline="black", width=6)


def needle(pen: ImageDraw.ImageDraw) -> None:
    pen.line((100, 120, 500, 470), fill=(90, 90, 90), width=6)


def beads(pen: ImageDraw.ImageDraw) -> None:
    for left in range(40, 500, 110):
        pen.ellipse((left, 250, left + 80, 330), fill="gold")


def sign(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((100, 200, 500, 400), outline="red", width=16)
    pen.text((130, 240), "SALE", "red", ImageFont.load_default(110))


def card(pen: ImageDraw.ImageDraw) -> None:
    pen.text((40, 150), "ACME", (20, 60, 140), ImageFont.load_default(180))
    pen.text((60, 370), "we make all that you will ever need", (20, 60, 140), ImageFont.load_default(26))


def motto(pen: ImageDraw.ImageDraw) -> None:
    for row, line in enumerate(("Whatever you are,", "be a good one and", "never forget to", "drink your tea hot")):
        pen.text((50, 60 + row * 120), line, (160, 30, 60), ImageFont.load_default(56))


@pytest.mark.parametrize("draw", [face, ring, window, telephone, tumbler, needle, beads, sign, card, motto])
@pytest.mark.parametrize("ground", ["white", "lightblue"])
def test_a_drawing_of_a_thing_shows_it(ground, draw):
    drawing = Image.new("RGB", (600, 600), ground)
    draw(ImageDraw.Draw(drawing))
    assert not shows_nothing(drawing)
    assert not shows_nothing(jpeg(drawing, 75))
    light = np.linspace(0.6, 0.95, 600)[:, None, None]
    assert not shows_nothing(grainy(Image.fromarray((np.asarray(drawing) * light).astype(np.uint8))))
