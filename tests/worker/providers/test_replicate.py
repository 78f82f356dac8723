"""Replicate's predictions: every way to answer, and what it means to us."""

import logging

import pytest

from funmagic.core.settings import get_settings
from tests.worker.providers.conftest import CUTOUT, REPLICATE_KEY
from worker.providers.base import (
    AccountRefused,
    Done,
    InvalidWork,
    MalformedAnswer,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
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


@pytest.mark.parametrize("values", [{"operation": "paint"}, {"previous": []}])
def test_work_that_cannot_be_done_is_never_asked_for(replicate, new_prediction, values):
    with pytest.raises(ProviderError):
        new_prediction(**values).start()
    assert replicate.requests == {}


def test_a_prediction_that_waits_is_looked_at_until_it_is_done(replicate, new_prediction):
    replicate.script("queue", polls=2)
    run = new_prediction()
    run.start()
    first, second, third = run.check(), run.check(), run.check()
    assert (first.progress, second.progress) == (0.1, pytest.approx(0.48))
    assert isinstance(third, Done)
    assert len(replicate.jobs) == 1


@pytest.mark.parametrize(("age", "wait"), [(0, 1), (8, 2), (100, 5)])
def test_a_longer_prediction_is_looked_at_less_often(replicate, new_prediction, age, wait):
    replicate.script("never")
    run = new_prediction()
    run.start()
    run.waiting.job["submittedAt"] -= age
    assert run.check().check_after_s == pytest.approx(wait, abs=0.5)


@pytest.mark.parametrize(
    ("values", "seconds"), [({"retryAfter": "7"}, 7.0), ({"retryAfter": "soon"}, None), ({}, None)]
)
def test_a_rate_limit_says_when_to_come_back(replicate, new_prediction, values, seconds):
    replicate.script("rate-limited", **values)
    with pytest.raises(ProviderRateLimited) as caught:
        new_prediction().start()
    assert caught.value.retry_after_s == seconds
    assert replicate.requests["create"] == 1


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("exhausted", {}, AccountRefused),
        ("retired", {}, ModelRetired),
        ("retired-version", {}, ModelRetired),
        ("bad-input", {}, InvalidWork),
        ("server-error", {"status": 500}, ProviderUnavailable),
        ("server-error", {"status": 503}, ProviderUnavailable),
        ("server-error", {"status": 504}, ProviderTimeout),
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


def test_a_submission_that_is_answered_with_nonsense_is_not_repeated(replicate, new_prediction):
    replicate.script("malformed")
    with pytest.raises(ProviderError):
        new_prediction().start()
    assert (replicate.requests["create"], len(replicate.jobs)) == (1, 1)


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


def test_a_wrong_token_is_the_operators_business_and_is_not_repeated_in_the_text(replicate, new_prediction):
    with pytest.raises(AccountRefused, match="HTTP 401") as caught:
        new_prediction(key="wrong-key-987654321").start()
    assert "wrong-key" not in str(caught.value)


def test_a_submission_that_is_never_answered_is_a_timeout_and_not_repeated(replicate, new_prediction):
    replicate.script("silence")
    with pytest.raises(ProviderTimeout):
        new_prediction(config={"requestTimeoutSeconds": 0.5}).start()
    assert (replicate.requests["create"], len(replicate.jobs)) == (1, 1)


def test_nobody_there_is_unavailable(new_prediction, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    run = new_prediction(base_url="http://127.0.0.1:1")
    with pytest.raises(ProviderUnavailable):
        run.start()
    with pytest.raises(ProviderUnavailable):
        run.provider.check_health()


def test_a_provider_in_a_network_that_the_operator_did_not_allow_is_never_called(
    replicate, new_prediction, monkeypatch
):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "")
    with pytest.raises(ProviderUnavailable):
        new_prediction().start()
    assert replicate.requests == {}


def test_a_prediction_can_be_cancelled(replicate, new_prediction):
    replicate.script("never")
    run = new_prediction()
    run.start()
    assert run.cancel()
    [job] = replicate.jobs.values()
    assert job.cancelled


def test_health_is_whether_the_token_is_known(replicate, new_prediction):
    new_prediction().provider.check_health()
    with pytest.raises(AccountRefused):
        new_prediction(key="wrong-key-987654321").provider.check_health()
    assert replicate.requests == {"account": 2}


@pytest.mark.parametrize("fault", ["", "failed", "html", "status-error", "exhausted", "expired", "never", "bad-input"])
def test_no_token_no_file_and_no_address_is_in_any_text_log_or_record(replicate, new_prediction, fault, caplog, capfd):
    caplog.set_level(logging.DEBUG, logger="worker")
    replicate.script(fault, error=f"died on https://replicate.delivery/x?sig=1 with {REPLICATE_KEY} data:image/png,AA")
    run = new_prediction()
    told = []
    try:
        told.append(run.start())
        told.append(run.check())
    except ProviderError as error:
        told += [error, repr(error), error.__cause__, error.args]
    output = capfd.readouterr()
    everything = f"{told} {run.provider.account} {caplog.text} {output.out} {output.err}"
    everything = everything.replace(str(told[-1].files) if isinstance(told[-1], Done) else "\0", "")
    for secret in (REPLICATE_KEY, "sig=1", "data:image", "base64", "/output/", "/v1/files/"):
        assert secret not in everything
