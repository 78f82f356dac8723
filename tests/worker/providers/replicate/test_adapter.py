"""Replicate's predictions: every way to answer, and what it means to us."""

import pytest

from tests.worker.providers.keys import CUTOUT
from worker.providers.base import (
    AccountRefused,
    Done,
    InvalidWork,
    MalformedAnswer,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)

VERSION = "35b7a45ef4430c677a6c71f5467ee0d98991502effe0d65bdbd8863fa205cc54"
MODEL = f"vufinder/vggt-1b:{VERSION}"


def test_a_prediction_is_created_and_left_alone(replicate, new_prediction):
    waiting = new_prediction(options={"alpha_blend_onto": "keep"}).start()
    [job] = replicate.jobs.values()
    assert (waiting.provider_job_id, waiting.check_after_s) == (job.id, 1.0)
    assert (job.version, job.input["alpha_blend_onto"], job.input["to_base64"]) == (VERSION, "keep", True)
    assert job.image == CUTOUT.data
    assert replicate.requests == {"upload": 1, "create": 1}
    assert "prefer" not in replicate.headers[-1]


def test_replicate_ends_by_itself_what_takes_longer_than_the_step_may(replicate, new_prediction):
    new_prediction(time_left_s=42.3).start()
    new_prediction(time_left_s=1).start()
    assert [job.cancel_after for job in replicate.jobs.values()] == ["43s", "5s"]


def test_a_finished_prediction_says_what_it_took(replicate, new_prediction):
    done = new_prediction().finish()
    assert isinstance(done, Done)
    assert done.usage["predictSeconds"] == 2.5
    assert done.usage["seconds"] >= 0


def test_the_model_and_the_headers_are_data(replicate, new_prediction):
    new_prediction(model="someone/official-vggt", config={"headers": {"X-Team": "magic"}}).start()
    [job] = replicate.jobs.values()
    assert (job.model, job.version) == ("someone/official-vggt", "")
    assert replicate.headers[0]["x-team"] == "magic"


@pytest.mark.parametrize(
    "model", ["vggt", "../admin", "a/b/c", "a/b:latest", "a/b:" + "G" * 64, "http://evil.example/x", "a/b?c", "a/.."]
)
def test_a_model_name_that_is_no_name_is_never_asked_for(replicate, new_prediction, model):
    with pytest.raises(ProviderUnavailable):
        new_prediction(model=model).start()
    assert replicate.requests == {}


def test_options_cannot_replace_the_cut_out(replicate, new_prediction):
    new_prediction(options={"inputs": ["http://169.254.169.254/"], "to_base64": False}).start()
    [job] = replicate.jobs.values()
    assert (job.image, job.input["to_base64"]) == (CUTOUT.data, True)


def test_a_prediction_that_waits_is_polled_until_it_is_done(replicate, new_prediction):
    replicate.script("queue", polls=2)
    run = new_prediction()
    run.start()
    first, second, third = run.check(), run.check(), run.check()
    assert (first.progress, second.progress) == (0.1, pytest.approx(0.48))
    assert isinstance(third, Done)
    assert len(replicate.jobs) == 1


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("exhausted", {}, AccountRefused),
        ("retired", {}, ModelRetired),
        ("retired-version", {}, ModelRetired),
        ("bad-input", {}, InvalidWork),
        ("server-error", {"status": 302}, ProviderError),
        ("server-error", {"status": 400}, ProviderError),
        ("missing-id", {}, MalformedAnswer),
    ],
)
def test_a_submission_that_goes_wrong_is_named_and_not_repeated(replicate, new_prediction, fault, values, error):
    replicate.script(fault, **values)
    with pytest.raises(error) as caught:
        new_prediction().start()
    assert type(caught.value) is error
    assert replicate.requests["create"] == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AccountRefused),
        (404, ProviderUnavailable),
        (413, ProviderError),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (504, ProviderUnavailable),
    ],
)
def test_an_upload_that_goes_wrong_costs_nothing(replicate, new_prediction, status, error):
    replicate.refuse_uploads(status)
    with pytest.raises(error) as caught:
        new_prediction().start()
    assert type(caught.value) is error
    assert replicate.requests == {"upload": 1}


def test_an_upload_that_is_said_to_be_elsewhere_is_not_used(replicate, new_prediction):
    replicate.upload_base = "https://evil.example/"
    with pytest.raises(ProviderError):
        new_prediction().start()
    assert replicate.requests == {"upload": 1}
