from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from worker.local.cutout.pipeline import cut_out

SAMPLES = Path("assets/samples")
RED, BLUE = (200, 40, 30), (40, 90, 200)
# A quarter of the pixels take a sixth of the time, and show the same.
SMALL = (256, 256)


def load_sample(name: str) -> Image.Image:
    return Image.open(SAMPLES / f"{name}.jpg").convert("RGB")


def small_astronaut() -> Image.Image:
    return load_sample("astronaut").resize(SMALL)


@pytest.fixture(scope="session")
def astronaut_cut_out(model_path: Path) -> Image.Image:
    """The astronaut's cut-out in full size, to look at and not to change."""
    return cut_out(load_sample("astronaut"), model_path=model_path)


def draw_disc(size: int = 512, blur: float = 1.5) -> tuple[Image.Image, Image.Image]:
    """Return a red disc on blue and its true alpha, a soft disc of a third of the size."""
    matte = Image.new("L", (size, size))
    ImageDraw.Draw(matte).ellipse((size // 6, size // 6, size * 5 // 6, size * 5 // 6), fill=255)
    matte = matte.filter(ImageFilter.GaussianBlur(blur))
    return Image.composite(Image.new("RGB", matte.size, RED), Image.new("RGB", matte.size, BLUE), matte), matte


def alpha_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.getchannel("A"), np.float32) / 255


@pytest.mark.parametrize("size", [(151, 350), (1300, 900)])
def test_cut_out_keeps_the_input_size(model_path: Path, size: tuple[int, int]) -> None:
    result = cut_out(load_sample("astronaut").resize(size), model_path=model_path)
    assert (result.mode, result.size) == ("RGBA", size)


def test_the_subject_stays_and_the_background_goes(astronaut_cut_out: Image.Image) -> None:
    alpha = alpha_of(astronaut_cut_out)
    assert alpha[90:140, 200:250].min() == 1
    assert alpha[:60, 300:].max() == 0


def test_a_synthetic_disc_keeps_its_alpha_within_a_few_percent(model_path: Path) -> None:
    photo, matte = draw_disc()
    alpha = alpha_of(cut_out(photo, model_path=model_path))
    difference = np.abs(alpha - np.asarray(matte, np.float32) / 255)
    assert difference.mean() < 0.01
    assert np.quantile(difference, 0.99) < 0.1


def test_a_disc_larger_than_the_solved_size_keeps_its_alpha_too(model_path: Path) -> None:
    photo, matte = draw_disc(1600, blur=4)
    alpha = alpha_of(cut_out(photo, model_path=model_path))
    assert np.abs(alpha - np.asarray(matte, np.float32) / 255).mean() < 0.01


def test_fringe_colour_does_not_survive_on_soft_edges(model_path: Path) -> None:
    photo, _ = draw_disc(blur=4)
    result = np.asarray(cut_out(photo, model_path=model_path), np.float32)
    soft = (result[..., 3] > 60) & (result[..., 3] < 200)
    assert soft.sum() > 100
    assert np.abs(result[soft][:, :3] - RED).mean() < 12
    assert np.abs(np.asarray(photo, np.float32)[soft] - RED).mean() > 40


def test_pixels_well_inside_the_subject_are_untouched(astronaut_cut_out: Image.Image) -> None:
    face = (200, 90, 250, 140)
    before, after = load_sample("astronaut").crop(face), astronaut_cut_out.convert("RGB").crop(face)
    assert ImageChops.difference(before, after).getbbox() is None


def test_tiles_leave_no_seams(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = load_sample("coffee").resize((300, 200))
    whole = np.asarray(cut_out(photo, model_path=model_path), np.int16)
    monkeypatch.setattr("worker.local.cutout.upsampling.TILE", 48)
    tiled = np.asarray(cut_out(photo, model_path=model_path), np.int16)
    visible = (whole[..., 3] > 0) | (tiled[..., 3] > 0)
    assert np.abs(whole - tiled)[visible].max() <= 2


def test_the_input_s_own_transparency_is_kept(model_path: Path) -> None:
    photo = small_astronaut()
    own = Image.new("L", photo.size, 255)
    own.paste(128, (0, 0, 256, 65))
    own.paste(0, (0, 0, 256, 30))
    photo.putalpha(own)
    alpha = np.asarray(cut_out(photo, model_path=model_path).getchannel("A"))
    assert alpha[:30].max() == 0
    assert alpha[50, 112] == 128
    assert alpha[70, 112] == 255


def test_progress_rises_to_one(model_path: Path) -> None:
    heard: list[float] = []
    cut_out(load_sample("coffee").resize((1200, 800)), model_path=model_path, report=heard.append)
    assert heard == sorted(heard)
    assert len(heard) > 4
    assert heard[-1] == 1


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 5000), (5000, 1), (3, 40)])
def test_tiny_and_stretched_images_come_back_whole(model_path: Path, size: tuple[int, int]) -> None:
    assert cut_out(Image.new("RGB", size, RED), model_path=model_path).size == size


@pytest.mark.parametrize("colour", ["black", "grey", "white"])
def test_an_empty_scene_comes_back_fully_transparent(model_path: Path, colour: str) -> None:
    result = cut_out(Image.new("RGB", (400, 300), colour), model_path=model_path)
    assert result.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_noise_comes_back_fully_transparent(model_path: Path, seed: int) -> None:
    grains = np.random.default_rng(seed).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    noise = Image.fromarray(grains).resize((400, 400), Image.Resampling.NEAREST)
    assert cut_out(noise, model_path=model_path).getchannel("A").getextrema() == (0, 0)


def cut_by_hand(colour: tuple[int, int, int], hidden: tuple[int, int, int]) -> Image.Image:
    """A word on a clear ground, with soft edges."""
    matte = Image.new("L", (600, 300))
    ImageDraw.Draw(matte).text((60, 80), "LOGO 42", 255, ImageFont.load_default(120))
    picture = Image.new("RGB", matte.size, hidden)
    picture.paste(colour, mask=matte.point(lambda value: 255 if value else 0))
    picture.putalpha(matte)
    return picture


@pytest.mark.parametrize("hidden", ["black", "white", "magenta"])
@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_what_is_cut_out_already_keeps_its_outline_and_its_colours(model_path: Path, colour: str, hidden: str) -> None:
    given = cut_by_hand(colour, hidden)
    result = cut_out(given, model_path=model_path)
    assert result.getchannel("A").tobytes() == given.getchannel("A").tobytes()
    seen = np.asarray(given.getchannel("A")) > 0
    assert (np.asarray(result)[seen] == np.asarray(given)[seen]).all()


def test_a_photo_with_rounded_corners_loses_its_background_too(model_path: Path) -> None:
    photo = small_astronaut()
    corners = Image.new("L", photo.size)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, 255, 255), 30, fill=255)
    photo.putalpha(corners)
    alpha = alpha_of(cut_out(photo, model_path=model_path))
    assert alpha[45:70, 100:125].min() == 1
    assert alpha[40:50, 230:].max() == 0


def test_a_logo_on_white_loses_all_of_the_white(model_path: Path) -> None:
    logo = Image.new("RGB", (600, 300), "white")
    ImageDraw.Draw(logo).text((60, 80), "LOGO 42", RED, ImageFont.load_default(120))
    alpha = np.asarray(cut_out(logo, model_path=model_path).getchannel("A"))
    is_white = np.asarray(logo).min(axis=2) == 255
    assert alpha[is_white].max() == 0
    assert alpha[(np.asarray(logo) == RED).all(axis=2)].min() == 255
