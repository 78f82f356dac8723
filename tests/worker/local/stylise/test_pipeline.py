import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from worker.local.onnx_sessions import BrokenWeights
from worker.local.relief.silhouette import NoSubject
from worker.local.stylise.framing import CANVAS, frame_subject
from worker.local.stylise.pipeline import PREVIEW_SIDE, stylise


def load_style(name: str) -> Image.Image:
    return Image.open(f"assets/styles/{name}.webp")


def difference(first: Image.Image, second: Image.Image) -> float:
    """The mean difference of two pictures' values, 0..255."""
    return float(np.abs(np.asarray(first, np.float32) - np.asarray(second, np.float32)).mean())


def edges_of(picture: Image.Image) -> np.ndarray:
    luma = np.asarray(picture.convert("L"), np.float32)
    return np.asarray(ndimage.gaussian_gradient_magnitude(luma, 2)).ravel()


@pytest.fixture(scope="module")
def figures(models_dir: Path, subject: Image.Image) -> dict[str, Image.Image]:
    """The astronaut in some styles."""
    return {name: stylise(subject, load_style(name), models_dir=models_dir) for name in ("watercolour", "oil", "neon")}


def test_the_same_photo_and_style_give_the_same_picture(
    models_dir: Path, subject: Image.Image, figures: dict[str, Image.Image]
) -> None:
    again = stylise(subject, load_style("oil"), models_dir=models_dir)
    assert again.tobytes() == figures["oil"].tobytes()


def test_a_cut_out_becomes_a_figure_on_a_square_stage(figures: dict[str, Image.Image]) -> None:
    assert (figures["oil"].mode, figures["oil"].size) == ("RGB", (CANVAS, CANVAS))


def test_the_subject_keeps_its_structure_but_not_its_colours(
    subject: Image.Image, figures: dict[str, Image.Image]
) -> None:
    framed = frame_subject(subject)
    inside = framed.alpha.ravel() > 0.99
    assert np.corrcoef(edges_of(framed.colours)[inside], edges_of(figures["oil"])[inside])[0, 1] > 0.6
    changed = np.abs(np.asarray(framed.colours, np.float32) - np.asarray(figures["oil"], np.float32)).reshape(-1, 3)
    assert changed[inside].mean() > 15


def test_two_styles_give_two_pictures(figures: dict[str, Image.Image]) -> None:
    assert difference(figures["watercolour"], figures["neon"]) > 40


def test_the_backdrop_is_light_for_a_light_style_and_dark_for_a_dark_one(figures: dict[str, Image.Image]) -> None:
    assert np.mean(figures["watercolour"].getpixel((40, 40))) > 150
    assert np.mean(figures["neon"].getpixel((40, 40))) < 110


@pytest.mark.parametrize(
    ("size", "expected"), [((600, 400), (600, 400)), ((2000, 1000), (1024, 512)), ((30, 900), (30, 900))]
)
def test_an_opaque_photo_keeps_its_shape_and_grows_no_larger_than_the_canvas(
    models_dir: Path, coffee: Image.Image, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert stylise(coffee.resize(size), load_style("mosaic"), models_dir=models_dir).size == expected


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5000, 1)])
def test_tiny_and_stretched_photos_come_back(models_dir: Path, size: tuple[int, int]) -> None:
    assert stylise(Image.new("RGB", size, "red"), load_style("mosaic"), models_dir=models_dir).width == min(
        1024, size[0]
    )


def test_no_strength_leaves_an_opaque_photo_as_it_was(models_dir: Path, coffee: Image.Image) -> None:
    assert difference(stylise(coffee, load_style("oil"), strength=0, models_dir=models_dir), coffee) < 1


def test_more_strength_changes_more(models_dir: Path, coffee: Image.Image) -> None:
    weak, strong = (stylise(coffee, load_style("oil"), strength=share, models_dir=models_dir) for share in (0.3, 1))
    assert difference(weak, coffee) < difference(strong, coffee)


def test_tiles_leave_no_seams(models_dir: Path) -> None:
    flat = Image.new("RGB", (1000, 1000), (120, 140, 160))
    painted = np.asarray(stylise(flat, load_style("clay"), models_dir=models_dir).convert("L"), np.float32)
    rows, columns = painted.mean(axis=1), painted.mean(axis=0)
    assert max(np.abs(np.diff(rows)).max(), np.abs(np.diff(columns)).max()) < 6


def test_progress_rises_to_one_and_a_preview_comes_before_the_end(models_dir: Path, subject: Image.Image) -> None:
    heard: list[float | Image.Image] = []
    figure = stylise(subject, load_style("knit"), models_dir=models_dir, report=heard.append, preview=heard.append)
    fractions = [value for value in heard if isinstance(value, float)]
    (preview,) = (value for value in heard if isinstance(value, Image.Image))
    assert fractions == sorted(fractions)
    assert heard[-1] == 1
    assert preview.size == (PREVIEW_SIDE, PREVIEW_SIDE)
    assert difference(preview, figure.resize(preview.size)) < 25


def test_a_transparent_photo_has_no_subject(models_dir: Path) -> None:
    with pytest.raises(NoSubject):
        stylise(Image.new("RGBA", (60, 60)), load_style("clay"), models_dir=models_dir)


def test_missing_weights_are_named_with_the_command_that_brings_them(tmp_path: Path, coffee: Image.Image) -> None:
    with pytest.raises(BrokenWeights, match=r"magenta-style-predict\.onnx; run `python -m funmagic fetch-models`"):
        stylise(coffee, load_style("clay"), models_dir=tmp_path)


@pytest.mark.parametrize("damage", ["noise", "another model"])
def test_broken_weights_are_refused_by_name(tmp_path: Path, models_dir: Path, coffee: Image.Image, damage: str) -> None:
    shutil.copy(models_dir / "magenta-style-predict.onnx", tmp_path)
    transform = tmp_path / "magenta-style-transform.onnx"
    if damage == "noise":
        transform.write_bytes(b"half a file")
    else:
        shutil.copy(models_dir / "u2netp.onnx", transform)
    with pytest.raises(BrokenWeights, match="magenta-style-transform"):
        stylise(coffee, load_style("clay"), models_dir=tmp_path)
