"""Looking at tasks of Tripo's, and bringing their models home: every way to answer, and what it means to us."""

import pytest

from worker.providers.base import (
    AccountRefused,
    Done,
    MalformedAnswer,
    NoSubject,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    Waiting,
)
from worker.providers.downloads import FileGone
from worker.providers.tripo import adapter


def test_a_task_that_waits_is_looked_at_until_it_is_done(tripo, new_tripo_run):
    tripo.script("queue", polls=2)
    run = new_tripo_run()
    run.start()
    first, second, third = run.check(), run.check(), run.check()
    assert isinstance(first, Waiting)
    assert first.progress < second.progress < 1
    assert isinstance(third, Done)
    assert len(tripo.jobs) == 1


def test_a_status_that_we_do_not_know_is_waited_out(tripo, new_tripo_run):
    tripo.script("unknown", polls=1)
    run = new_tripo_run()
    assert isinstance(run.finish(), Waiting)
    assert isinstance(run.check(), Done)


@pytest.mark.parametrize(("age", "wait"), [(0, 2), (16, 4), (100, 8)])
def test_a_longer_task_is_looked_at_less_often(tripo, new_tripo_run, age, wait):
    tripo.script("never")
    run = new_tripo_run()
    run.start()
    run.waiting.job["submittedAt"] -= age
    assert run.check().check_after_s == pytest.approx(wait, abs=0.5)


TROUBLES = [
    ("status-limited", {}, ProviderRateLimited),
    ("status-error", {"status": 500}, ProviderUnavailable),
    ("status-error", {"status": 502}, ProviderUnavailable),
    ("status-error", {"status": 504}, ProviderTimeout),
    ("status-error", {"status": 404}, ProviderError),
    ("status-inside-200", {}, ProviderUnavailable),
    ("status-malformed", {}, MalformedAnswer),
    ("status-senseless", {}, MalformedAnswer),
    ("status-refused", {}, AccountRefused),
    ("status-silence", {}, ProviderUnavailable),
    ("file-error", {"status": 503}, ProviderUnavailable),
    ("file-error", {"status": 429}, ProviderUnavailable),
]


@pytest.mark.parametrize(("fault", "values", "trouble"), TROUBLES)
def test_trouble_while_looking_neither_fails_the_task_nor_buys_a_second_one(
    tripo, new_tripo_run, fault, values, trouble
):
    tripo.script(fault, **values)
    run = new_tripo_run()
    run.start()
    if fault == "status-silence":
        run.provider = new_tripo_run(config={"requestTimeoutSeconds": 1}).provider
    waiting = run.check()
    assert isinstance(waiting, Waiting)
    assert type(waiting.trouble) is trouble
    assert (waiting.provider_job_id, waiting.job) == (run.waiting.provider_job_id, run.waiting.job)
    assert tripo.requests["task"] == 1, "one look, one request: the client's own retries are off"
    run.provider = new_tripo_run().provider
    assert isinstance(run.check(), Done)
    assert len(tripo.jobs) == 1


def test_a_rate_limit_while_looking_is_respected(tripo, new_tripo_run):
    tripo.script("status-limited", retryAfter="42")
    assert new_tripo_run().finish().check_after_s == 42


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("failed", {}, ProviderError),
        ("failed-content", {}, ProviderRejected),
        ("banned", {}, ProviderRejected),
        ("cancelled", {}, ProviderError),
        ("expired-task", {}, ProviderError),
        ("lost", {}, ProviderError),
        ("no-model", {}, ProviderError),
        ("html", {}, ProviderError),
        ("empty", {}, ProviderError),
        ("empty-scene", {}, NoSubject),
        ("cut-short", {}, ProviderError),
        ("bomb", {}, ProviderError),
        ("packed", {}, ProviderError),
        ("expired", {}, FileGone),
        ("redirect", {"to": "http://169.254.169.254/latest/meta-data"}, ProviderError),
        ("redirect", {"to": "http://10.0.0.1/"}, ProviderError),
        ("redirect", {"to": "file:///etc/passwd"}, ProviderError),
        ("elsewhere", {"url": "http://127.0.0.1:22/x.glb"}, ProviderError),
        ("elsewhere", {"url": "http://169.254.169.254/latest/meta-data"}, ProviderError),
        ("elsewhere", {"url": "data:model/gltf-binary;base64,AAAA"}, ProviderError),
        ("elsewhere", {"url": "x.glb"}, ProviderError),
        ("elsewhere", {"url": 7}, ProviderError),
    ],
)
def test_a_task_that_went_wrong_is_named_and_never_started_again(tripo, new_tripo_run, fault, values, error):
    tripo.script(fault, **values)
    with pytest.raises(error) as caught:
        new_tripo_run().finish()
    assert type(caught.value) is error
    assert len(tripo.jobs) == 1


def test_a_model_that_is_too_large_is_not_taken(tripo, new_tripo_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_bytes", 5_000_000)
    tripo.script("huge")
    with pytest.raises(ProviderError, match="larger"):
        new_tripo_run().finish()


def test_a_model_that_drips_does_not_hold_a_worker_and_does_not_end_the_run(tripo, new_tripo_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_s", 1)
    tripo.script("drip")
    assert isinstance(new_tripo_run().finish().trouble, ProviderTimeout)


def test_an_address_that_expired_is_asked_for_once_more(tripo, new_tripo_run):
    tripo.script("expired-once")
    assert isinstance(new_tripo_run().finish(), Done)
    assert (tripo.requests["task"], tripo.requests["file"]) == (2, 2)
