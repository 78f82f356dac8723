import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from worker.local.cutout.lettering import is_page_of_text


def page(size: int = 26, rows: int = 38, frame: bool = False) -> Image.Image:
    paper = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(paper)
    for row in range(rows):
        line = "Whoever reads this line has read them all, and no line is a subject."
        draw.text((110, 120 + row * 40), line, "black", ImageFont.load_default(size))
    if frame:
        draw.rectangle((60, 60, 1180, 1690), outline="black", width=4)
    return paper


def scanned(paper: Image.Image) -> Image.Image:
    """The page as a camera sees it: unevenly lit, tilted, noisy, as a JPEG."""
    light = np.asarray(paper.convert("L"), np.float32) * np.linspace(0.6, 0.95, paper.width)
    noisy = light + np.random.default_rng(1).normal(0, 3, light.shape)
    tilted = Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).rotate(2, fillcolor=150)
    encoded = io.BytesIO()
    tilted.save(encoded, "JPEG", quality=80)
    return Image.open(encoded).convert("RGB")


TEXTS = {
    "plain": page(),
    "a short letter": page(rows=4),
    "large letters": page(size=36, rows=12),
    "white on black": ImageOps.invert(page()),
    "on cream": ImageOps.colorize(page().convert("L"), (60, 40, 30), (245, 225, 190)),
    "in a frame": page(frame=True),
    "scanned": scanned(page()),
    "small": page().resize((500, 707)),
    "sideways": page().rotate(90, expand=True),
}


@pytest.mark.parametrize("photo", TEXTS.values(), ids=TEXTS)
def test_a_page_of_text_is_told(photo):
    assert is_page_of_text(photo)


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_a_photo_is_no_page_of_text(name):
    photo = Image.open(f"assets/samples/{name}.jpg").convert("RGB")
    assert not is_page_of_text(photo)
    assert not is_page_of_text(photo.resize((photo.width // 3, photo.height // 3)))


def test_a_line_drawing_and_a_plain_picture_are_none():
    drawing = Image.new("RGB", (600, 600), "white")
    pen = ImageDraw.Draw(drawing)
    for box in ((150, 100, 450, 500), (220, 200, 260, 240), (340, 200, 380, 240), (250, 300, 350, 400)):
        pen.ellipse(box, outline="black", width=8)
    assert not is_page_of_text(drawing)
    assert not is_page_of_text(Image.new("RGB", (300, 200), "white"))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (400, 1), (1, 3000)])
def test_tiny_and_stretched_pictures_are_looked_at_too(size):
    assert not is_page_of_text(Image.new("RGB", size, "red"))
