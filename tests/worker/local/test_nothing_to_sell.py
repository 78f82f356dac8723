"""A result that holds nothing is no result, whoever made it: the run fails, and its credits come back."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from funmagic.models.assets import AssetKind
from funmagic.models.tasks import FailureCode
from funmagic.tasks.submit import Submission, submit_task
from funmagic.tasks.views import view_error
from tests.factories import STYLE, balance_of, books_are_right, load_task, submit, upload_photo
from tests.worker.engine import OUTPUT, output_files
from tests.worker.local.cutout.pictures import COLOURS, frame, gradient, page, stripes
from worker.providers.base import Done, NoSubject, OutputFile
from worker.runs.run import run_task

RUNS = {
    "background-remove": {},
    "crystal-memory": {},
    "figme": {"styleReferenceId": STYLE},
}


def encoded(image: Image.Image, format: str = "PNG") -> bytes:  # noqa: A002 - Pillow's own name
    data = io.BytesIO()
    image.save(data, format)
    return data.getvalue()


def cutout(alpha: np.ndarray, mode: str = "RGBA", format: str = "PNG") -> OutputFile:  # noqa: A002
    picture = Image.new("RGBA", alpha.shape[::-1], (200, 40, 30, 255))
    picture.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    mime = f"image/{format.lower()}"
    return OutputFile(encoded(picture.convert(mode), format), AssetKind.IMAGE, mime, format.lower())


def spot(size: int, alpha: int) -> np.ndarray:
    """A square of this alpha in a clear picture of 400 by 400."""
    pixels = np.zeros((400, 400))
    pixels[100 : 100 + size, 100 : 100 + size] = alpha
    return pixels


def page_of_text() -> Image.Image:
    page = Image.new("RGB", (620, 877), "white")
    for row in range(40, 840, 20):
        line = "all work and no play makes nobody a subject, page after page"
        ImageDraw.Draw(page).text((40, row), line, "black", ImageFont.load_default(14))
    return page


def noise(shape: tuple[int, ...] = (400, 400, 3)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, shape).astype(np.uint8))


def wall() -> Image.Image:
    light = np.linspace(170, 215, 500)[None, :, None] + np.random.default_rng(7).normal(0, 4, (400, 500, 3))
    return Image.fromarray(light.clip(0, 255).astype(np.uint8))


NOTHING = {
    "white": Image.new("RGB", (400, 300), "white"),
    "black": Image.new("RGB", (400, 300), "black"),
    "wall": wall(),
    "noise": noise(),
    "grey-noise": noise((300, 400)),
    "clear": Image.new("RGBA", (300, 300), (200, 40, 30, 0)),
    "clear-noise": Image.merge("RGBA", (*noise().split(), Image.new("L", (400, 400)))),
}


def run(viewer, slug, photo: bytes):
    values = {"assetId": upload_photo(viewer, photo, "image/png")} | RUNS[slug]
    step = "image-gen" if slug == "figme" else None
    task = submit_task(viewer, Submission(slug, f"key-{slug}", step_id=step, input=values))[0]
    run_task(task.id)
    return load_task(task.id)


def assert_found_no_subject(viewer, task):
    assert (task.status, task.error_code) == ("failed", FailureCode.NO_SUBJECT)
    assert view_error(task).message == "We found no subject in this photo. Nothing was charged."
    balance = balance_of(viewer)
    assert (balance.balance, balance.reserved) == (100, 0)
    assert output_files(task.id, viewer) == []
    assert books_are_right()


EMPTY = {
    "clear": cutout(spot(0, 0)),
    "faint": cutout(np.full((400, 400), 12)),
    "a few pixels": cutout(spot(3, 255)),
    "grey": cutout(spot(0, 0), "LA"),
    "webp": cutout(spot(0, 0), format="WEBP"),
    "palette": cutout(spot(0, 0), "P"),
}


@pytest.mark.parametrize("file", EMPTY.values(), ids=EMPTY)
def test_a_picture_of_which_nothing_is_seen_is_not_sold(alice, provider, file):
    provider.answers(Done([file], usage={"seconds": 1}))
    task = submit(alice)
    run_task(task.id)
    assert_found_no_subject(alice, load_task(task.id))


def test_one_empty_picture_among_good_ones_is_not_sold_either(alice, provider):
    provider.answers(Done([OUTPUT, EMPTY["clear"]]))
    task = submit(alice)
    run_task(task.id)
    assert_found_no_subject(alice, load_task(task.id))


@pytest.mark.parametrize("outcome", [NoSubject("it says so itself"), Done([])], ids=["said", "no files"])
def test_a_provider_that_found_nothing_is_not_paid_for(alice, provider, outcome):
    provider.answers(outcome)
    task = submit(alice)
    run_task(task.id)
    assert_found_no_subject(alice, load_task(task.id))


@pytest.mark.parametrize(
    "file", [cutout(spot(20, 255)), cutout(spot(200, 30)), OUTPUT], ids=["small", "soft", "opaque"]
)
def test_a_picture_that_shows_something_is_sold(alice, provider, file):
    provider.answers(Done([file]))
    task = submit(alice)
    run_task(task.id)
    assert load_task(task.id).status == "completed"
    assert balance_of(alice).balance == 95


@pytest.mark.parametrize("slug", RUNS)
@pytest.mark.parametrize("photo", NOTHING.values(), ids=NOTHING)
def test_no_tool_of_ours_sells_a_photo_without_a_subject(alice, redis, models, slug, photo):
    assert_found_no_subject(alice, run(alice, slug, encoded(photo)))


SEEN_AS_SOMETHING = {
    "gradient": gradient((400, 300), (0.5, 0.5), COLOURS[0]),
    "stripes": stripes((400, 300), 40, 0, COLOURS[1]),
    "frame": frame((400, 300), 6, COLOURS[0]),
    "page": page((620, 877), 14, COLOURS[0]),
}


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("picture", SEEN_AS_SOMETHING.values(), ids=SEEN_AS_SOMETHING)
def test_no_background_is_taken_from_what_is_all_background(alice, redis, models, picture, format):  # noqa: A002
    assert_found_no_subject(alice, run(alice, "background-remove", encoded(picture, format)))


@pytest.mark.parametrize("turned", [False, True], ids=["upright", "turned"])
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_page_of_text_becomes_no_figure(alice, redis, models, format, turned):  # noqa: A002
    page = page_of_text()
    assert_found_no_subject(
        alice, run(alice, "figme", encoded(page.rotate(90, expand=True) if turned else page, format))
    )
