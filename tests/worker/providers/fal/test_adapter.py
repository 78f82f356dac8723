"""fal.ai's own client against its queue: every way to answer, and what it means to us."""

import io

import pytest
from fal_client import encode
from PIL import Image

from tests.factories import photo_bytes
from tests.worker.providers.keys import PHOTO
from worker.providers.base import (
    AccountRefused,
    Done,
    InvalidWork,
    MalformedAnswer,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    Waiting,
)
from worker.providers.fal import adapter

MODEL = "fal-ai/bria/background/remove"


def test_a_job_is_submitted_and_left_alone(fal, new_run):
    waiting = new_run(options={"preserve_partial_alpha": True}).start()
    [job] = fal.jobs.values()
    assert (waiting.provider_job_id, waiting.check_after_s) == (job.id, 1.0)
    assert (job.app, job.arguments["preserve_partial_alpha"], job.arguments["sync_mode"]) == (MODEL, True, False)
    assert fal.requests == {"submit": 1}


def test_the_photo_reaches_fal_unchanged(fal, new_run):
    new_run().start()
    [job] = fal.jobs.values()
    assert job.arguments["image_url"] == encode(PHOTO, "image/jpeg")


def test_a_finished_job_gives_a_png_with_alpha_at_the_photos_size(fal, new_run):
    done = new_run().finish()
    [file] = done.files
    image = Image.open(io.BytesIO(file.data))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (96, 72))
    assert (file.mime, file.extension, file.width, file.height) == ("image/png", "png", 96, 72)
    assert done.usage["inferenceSeconds"] == 0.25
    assert done.usage["seconds"] >= 0


def test_the_model_and_the_headers_are_data(fal, new_run):
    new_run(model="bria/rmbg-3", config={"headers": {"X-Team": "magic"}}).start()
    [job] = fal.jobs.values()
    assert job.app == "bria/rmbg-3"
    assert fal.headers[0]["x-team"] == "magic"


@pytest.mark.parametrize(
    "model", ["../admin", "fal-ai", "fal-ai/../x", "http://evil.example/x", "a/b?c", "a/b c", "/a/b"]
)
def test_a_model_name_that_is_no_name_is_never_asked_for(fal, new_run, model):
    with pytest.raises(ProviderUnavailable):
        new_run(model=model).start()
    assert fal.requests == {}


def test_options_cannot_replace_the_photo(fal, new_run):
    new_run(options={"image_url": "http://169.254.169.254/", "sync_mode": True}).start()
    [job] = fal.jobs.values()
    assert job.arguments["image_url"].startswith("data:image/jpeg")
    assert job.arguments["sync_mode"] is False


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("exhausted", {}, AccountRefused),
        ("retired", {}, ModelRetired),
        ("server-error", {"status": 302}, ProviderError),
        ("missing-fields", {}, MalformedAnswer),
        ("foreign-addresses", {"base": "https://evil.example"}, ProviderError),
        ("foreign-addresses", {"base": "http://127.0.0.1:1"}, ProviderError),
        ("foreign-addresses", {"base": "nonsense"}, ProviderError),
    ],
)
def test_a_submission_that_goes_wrong_is_named_and_not_repeated(fal, new_run, fault, values, error):
    fal.script(fault, **values)
    with pytest.raises(error) as caught:
        new_run().start()
    assert type(caught.value) is error
    assert fal.requests == {"submit": 1}


TROUBLES = [
    ("status-error", {"status": 504}, ProviderTimeout),
    ("result-limited", {}, ProviderRateLimited),
    ("result-gateway", {"status": 502}, ProviderUnavailable),
]


@pytest.mark.parametrize(("fault", "values", "trouble"), TROUBLES)
def test_trouble_while_polling_neither_fails_the_job_nor_buys_a_second_one(fal, new_run, fault, values, trouble):
    fal.script(fault, **values)
    run = new_run()
    waiting = run.finish()
    assert isinstance(waiting, Waiting)
    assert isinstance(waiting.trouble, trouble)
    assert waiting.provider_job_id == run.waiting.provider_job_id
    assert isinstance(run.check(), Done)
    assert sum(fal.digests.values()) == 1


@pytest.mark.parametrize("fault", ["never", "status-error"])
def test_a_job_is_polled_for_as_long_as_the_engine_says(fal, new_run, fault):
    fal.script(fault, times=9)
    run = new_run(time_left_s=-5)
    run.start()
    run.waiting.job["submittedAt"] -= 10_000
    assert isinstance(run.check(), Waiting)


def test_a_call_takes_no_longer_than_the_step_has_left(fal, new_run):
    fal.script("silence")
    with pytest.raises(ProviderTimeout):
        new_run(time_left_s=0.1, config={"requestTimeoutSeconds": 60}).start()


def test_a_job_that_ended_while_nobody_polled_is_still_taken(fal, new_run):
    run = new_run()
    run.start()
    run.waiting.job["submittedAt"] -= 10_000
    assert isinstance(run.check(), Done)


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("rejected", {}, ProviderRejected),
        ("image-load-error", {}, InvalidWork),
        ("bad-option", {}, ProviderError),
        ("result-error", {"status": 500}, ProviderUnavailable),
        ("result-timed-out", {}, ProviderTimeout),
        ("result-malformed", {}, MalformedAnswer),
        ("result-unnamed", {}, ProviderError),
        ("result-huge", {}, MalformedAnswer),
        ("jpeg", {}, ProviderError),
        ("opaque", {}, ProviderError),
        ("other-size", {}, ProviderError),
        ("sideways", {}, ProviderError),
    ],
)
def test_a_job_that_went_wrong_is_named_and_never_started_again(fal, new_run, fault, values, error):
    fal.script(fault, **values)
    with pytest.raises(error) as caught:
        new_run().finish()
    assert type(caught.value) is error
    assert sum(fal.digests.values()) == 1


def test_a_result_that_drips_does_not_hold_a_worker(fal, new_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_s", 0.3)
    fal.script("drip")
    with pytest.raises(ProviderTimeout):
        new_run().finish()


def test_a_cut_out_that_lies_on_the_side_is_turned_as_the_photo_says(fal, new_run):
    exif = Image.Exif()
    exif[0x0112] = 6
    # The emulator, like some models, overlooks the orientation: the photo is seen as 72 wide and 96 high.
    [file] = new_run(photo=photo_bytes(exif=exif)).finish().files
    assert (file.width, file.height) == (72, 96)
    assert Image.open(io.BytesIO(file.data)).size == (72, 96)


@pytest.mark.parametrize("job", [{}, {"statusUrl": "https://evil.example/s", "responseUrl": "x", "cancelUrl": "y"}])
def test_a_saved_job_with_other_addresses_is_never_asked_for(fal, new_run, job):
    run = new_run()
    run.start()
    fal.requests.clear()
    run.waiting = Waiting(run.waiting.provider_job_id, 0, job={**job, "submittedAt": 0} if job else {})
    with pytest.raises(ProviderError):
        run.check()
    assert fal.requests == {}
