import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.local.relief.silhouette import NoSubject
from worker.local.stylise.framing import CANVAS, FLOOR, frame_subject

RED, GREEN = (200, 40, 30, 255), (40, 200, 60, 255)


def draw(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (400, 300)) -> Image.Image:
    picture = Image.new("RGBA", size)
    for box, colour in zip(boxes, (RED, GREEN), strict=False):
        ImageDraw.Draw(picture).rectangle(box, fill=colour)
    return picture


@pytest.mark.parametrize("box", [(10, 10, 60, 200), (150, 100, 380, 120), (200, 150, 219, 169)])
def test_a_subject_stands_on_the_floor_in_the_middle(box: tuple[int, int, int, int]) -> None:
    framed = frame_subject(draw(box))
    left, top, right, bottom = framed.box
    assert bottom == FLOOR
    assert abs(left + right - CANVAS) <= 1
    assert top >= 0
    assert (right - left) / (bottom - top) == pytest.approx((box[2] - box[0] + 1) / (box[3] - box[1] + 1), rel=0.02)


def test_small_leftovers_of_a_cut_out_are_left_out() -> None:
    alone, with_speck = (
        frame_subject(draw((100, 50, 200, 250))),
        frame_subject(draw((100, 50, 200, 250), (300, 8, 310, 18))),
    )
    assert with_speck.box == alone.box
    assert np.abs(with_speck.alpha - alone.alpha).max() < 0.01


def test_a_second_large_part_stays() -> None:
    left, _, right, _ = frame_subject(draw((100, 50, 200, 250), (250, 50, 330, 250))).box
    assert (right - left) > 800 * 0.9


def test_a_whole_subject_keeps_its_corners_and_one_cut_by_the_border_loses_them() -> None:
    whole, cut = frame_subject(draw((100, 50, 200, 250))), frame_subject(draw((100, 50, 200, 299)))
    for framed, corner in ((whole, 1), (cut, 0)):
        left, top, _, bottom = framed.box
        assert framed.alpha[bottom - 8, left + 8] == pytest.approx(corner, abs=0.01)
        assert framed.alpha[top + 8, left + 8] == pytest.approx(1, abs=0.01)


def test_the_surroundings_carry_the_subject_s_colour_on() -> None:
    framed = frame_subject(draw((100, 50, 200, 250)))
    assert np.abs(np.asarray(framed.colours, np.float32) - RED[:3]).max() < 12


def test_a_faint_veil_is_no_subject() -> None:
    with pytest.raises(NoSubject):
        frame_subject(Image.new("RGBA", (50, 50), (255, 0, 0, 60)))


@pytest.mark.parametrize("box", [(200, 150, 203, 153), (200, 10, 202, 290)])
def test_dust_and_lines_are_no_subject(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(NoSubject):
        frame_subject(draw(box))
