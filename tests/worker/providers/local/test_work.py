"""What this machine does itself: it looks at what can be seen, and says what it cannot work on."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.factories import photo_bytes
from tests.worker.local.relief.drawings import blank, disc
from worker.providers.base import DamagedFile, InputFile, NoSubject, Work
from worker.providers.local.work import build_cloud, build_figure, remove_background


def ignore(_progress: float, *, preview: bytes | None = None) -> None:
    pass


def png(image: Image.Image) -> InputFile:
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return InputFile(encoded.getvalue(), "image/png", "cutout.png")


def recoloured(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """The same to look at, with another colour under its full transparency."""
    pixels = np.array(image)
    pixels[pixels[..., 3] == 0, :3] = colour
    return Image.fromarray(pixels)


@pytest.mark.parametrize("build", [build_figure, build_cloud])
def test_a_colour_that_nobody_sees_changes_no_model_and_no_cloud(build):
    made = {
        build(Work("build", {}, previous=[png(recoloured(disc(), colour))]), ignore).data
        for colour in ((0, 0, 0), (255, 255, 255))
    }
    assert len(made) == 1


@pytest.mark.parametrize("build", [build_figure, build_cloud])
def test_an_empty_cut_out_becomes_neither_model_nor_cloud(build):
    with pytest.raises(NoSubject):
        build(Work("build", {}, previous=[png(blank(300, 200))]), ignore)


def test_half_a_file_is_a_damaged_one():
    whole = photo_bytes(800, 600, quality=95)
    half = InputFile(whole[: len(whole) // 2], "image/jpeg", "half.jpg")
    with pytest.raises(DamagedFile):
        remove_background(Work("remove-background", {"assetId": half}), ignore)
