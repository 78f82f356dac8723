"""Chromium draws every kind of photo, and our decoder sees the same picture."""

import base64
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from funmagic.library.photos.decoder import decode_photo
from tests.funmagic.library.photos.faulty import DAMAGED, DRAWN
from tests.funmagic.library.photos.kinds import KINDS

ALL = KINDS | DRAWN
DRAW = """
async (files) => {
  const draw = async ([name, data]) => {
    const blob = await (await fetch(`data:application/octet-stream;base64,${data}`)).blob();
    const show = async () => {
      // Where the end of a file is missing, only an element shows it.
      const image = new Image();
      image.src = URL.createObjectURL(blob);
      await image.decode();
      return image;
    };
    const picture = await createImageBitmap(blob).catch(show);
    const { width, height } = picture;
    const context = new OffscreenCanvas(width, height).getContext("2d", { colorSpace: "srgb" });
    context.drawImage(picture, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data;
    return [name, [width, height, btoa(String.fromCharCode(...pixels))]];
  };
  return Object.fromEntries(await Promise.all(files.map(draw)));
}
"""
REFUSE = """
async (files) => {
  const refuse = async ([name, data]) => {
    const blob = await (await fetch(`data:application/octet-stream;base64,${data}`)).blob();
    return [name, await createImageBitmap(blob).then(() => false, () => true)];
  };
  return Object.fromEntries(await Promise.all(files.map(refuse)));
}
"""
# Rounding, of the colours and of their tables.
NEAR = 3.5
NEAR_ON_AVERAGE = 0.5


@pytest.fixture(scope="module")
def drawn(chromium: Browser) -> dict[str, tuple[int, int, str]]:
    """Each kind's width, height and pixels, as Chromium draws it on a canvas."""
    return _evaluate(chromium, DRAW, ALL)


@pytest.fixture(scope="module")
def refused(chromium: Browser) -> dict[str, bool]:
    """Whether Chromium finds no whole picture in each damaged file."""
    return _evaluate(chromium, REFUSE, DAMAGED)


@pytest.mark.parametrize("kind", ALL)
def test_the_decoder_sees_what_chromium_draws(drawn: dict[str, tuple[int, int, str]], kind: str) -> None:
    width, height, encoded = drawn[kind]
    theirs = np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(height, width, 4).astype(float)
    ours = np.asarray(decode_photo(ALL[kind]).convert("RGBA")).astype(float)
    assert ours.shape == theirs.shape
    assert np.abs(ours[..., 3] - theirs[..., 3]).max() <= 1
    # A canvas keeps colours multiplied by their opacity.
    distance = np.abs(ours - theirs)[..., :3] * theirs[..., 3:] / 255
    assert distance.max() <= NEAR
    assert distance.mean() <= NEAR_ON_AVERAGE


@pytest.mark.parametrize("kind", DAMAGED)
def test_in_what_is_damaged_chromium_finds_no_whole_picture_either(refused: dict[str, bool], kind: str) -> None:
    assert refused[kind]


def _evaluate(chromium: Browser, script: str, files: dict[str, bytes]) -> Any:
    page = chromium.new_page()
    answer = page.evaluate(script, [[name, base64.b64encode(data).decode()] for name, data in files.items()])
    page.close()
    return answer
