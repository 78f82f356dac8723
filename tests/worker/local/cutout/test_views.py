from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.worker.local.cutout.photo_set import CASES, difference, overlap
from worker.local.cutout import views
from worker.local.cutout.pipeline import cut_out
from worker.local.cutout.views import FINER, fill_corners, predict_from_views

NETWORK = 32
NO_MODEL = Path("none.onnx")
BY_NAME = {case.name: case for case in CASES}


def silent(_share: float) -> None:
    pass


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, Image.Image], np.ndarray]], None]:
    """Lets a function of the view's number and picture answer in place of the network."""

    def answer_with(answer: Callable[[int, Image.Image], np.ndarray]) -> None:
        seen: list[Image.Image] = []

        def predict(photo: Image.Image, _model_path: Path) -> np.ndarray:
            seen.append(photo)
            return answer(len(seen), photo)

        monkeypatch.setattr(views, "predict_saliency", predict)

    return answer_with


def bright(photo: Image.Image) -> np.ndarray:
    """A network that sees what is bright."""
    return np.asarray(photo.convert("L").resize((NETWORK, NETWORK)), np.float32) / 255


def with_square(left: int) -> Image.Image:
    photo = Image.new("L", (320, 320))
    photo.paste(255, (left, 80, left + 120, 200))
    return photo


def test_three_views_that_agree_say_where_the_subject_is(network) -> None:
    network(lambda _number, photo: bright(photo))
    saliency = predict_from_views(with_square(40), NO_MODEL, silent)
    assert saliency.shape == (FINER * NETWORK, FINER * NETWORK)
    assert saliency[18:38, 10:30].min() > 0.95
    assert saliency[:, 36:].max() < 0.01


@pytest.mark.parametrize("mistaken", [1, 2, 3])
def test_one_view_that_misses_half_of_the_subject_is_outvoted(network, mistaken: int) -> None:
    def answer(number: int, photo: Image.Image) -> np.ndarray:
        saliency = bright(photo)
        if number == mistaken:
            saliency[NETWORK // 2 :] = 0
        return saliency

    network(answer)
    assert predict_from_views(with_square(40), NO_MODEL, silent)[18:38, 10:30].min() > 0.9


def test_a_photo_in_which_the_first_view_shows_nothing_is_not_looked_at_again(network) -> None:
    asked: list[int] = []

    def answer(number: int, _photo: Image.Image) -> np.ndarray:
        asked.append(number)
        return np.zeros((NETWORK, NETWORK), np.float32)

    network(answer)
    assert predict_from_views(with_square(40), NO_MODEL, silent).max() == 0
    assert asked == [1]


def cut_off_corner(likelihood: float) -> np.ndarray:
    saliency = np.zeros((40, 40), np.float32)
    saliency[:30, :25] = 1
    saliency[30:, 15:25] = 1
    saliency[30:, :15] = likelihood
    return saliency


def test_a_faint_corner_that_the_subject_cuts_off_is_part_of_it() -> None:
    filled = fill_corners(cut_off_corner(0.4))
    assert filled[:, :25].min() == 1
    assert filled[:, 25:].max() == 0


def test_a_corner_that_shows_the_background_stays_background() -> None:
    assert fill_corners(cut_off_corner(0.05))[30:, :15].max() < 0.1


def test_a_faint_hole_inside_the_subject_stays_a_hole() -> None:
    saliency = np.ones((40, 40), np.float32)
    saliency[10:20, 10:20] = 0.4
    assert fill_corners(saliency)[10:20, 10:20].max() < 0.5


def test_a_subject_that_fills_the_photo_has_no_corners() -> None:
    assert fill_corners(np.ones((20, 20), np.float32)).min() == 1


@pytest.mark.parametrize(
    ("name", "least_overlap", "largest_difference"),
    [("chelsea", 0.96, 4), ("coffee", 0.95, 6), ("astronaut", 0.93, 7), ("wheelchair", 0.94, 6), ("racket", 0.93, 8)],
)
def test_a_photo_of_the_test_set_comes_out_whole(
    model_path: Path, name: str, least_overlap: float, largest_difference: float
) -> None:
    photo, truth = BY_NAME[name].load()
    alpha = np.asarray(cut_out(photo, model_path=model_path).getchannel("A"), np.float32) / 255
    assert overlap(alpha, truth) > least_overlap
    assert difference(alpha, truth) < largest_difference
