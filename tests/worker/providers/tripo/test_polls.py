"""Polling tasks of Tripo's, and bringing their models home: every way to answer, and what it means to us."""

import pytest

from worker.providers.base import (
    AccountRefused,
    Done,
    MalformedAnswer,
    NoSubject,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    Waiting,
)
from worker.providers.tripo import adapter


def test_a_status_that_we_do_not_know_is_waited_out(tripo, new_tripo_run):
    tripo.script("unknown", polls=1)
    run = new_tripo_run()
    assert isinstance(run.finish(), Waiting)
    assert isinstance(run.check(), Done)


TROUBLES = [
    ("status-error", {"status": 504}, ProviderTimeout),
    ("status-error", {"status": 404}, ProviderError),
    ("status-inside-200", {}, ProviderUnavailable),
    ("status-senseless", {}, MalformedAnswer),
    ("status-refused", {}, AccountRefused),
]


@pytest.mark.parametrize(("fault", "values", "trouble"), TROUBLES)
def test_trouble_while_polling_neither_fails_the_task_nor_buys_a_second_one(
    tripo, new_tripo_run, fault, values, trouble
):
    tripo.script(fault, **values)
    run = new_tripo_run()
    run.start()
    waiting = run.check()
    assert isinstance(waiting, Waiting)
    assert type(waiting.trouble) is trouble
    assert (waiting.provider_job_id, waiting.job) == (run.waiting.provider_job_id, run.waiting.job)
    assert tripo.requests["task"] == 1, "one poll, one request: the client's own retries are off"
    assert isinstance(run.check(), Done)
    assert len(tripo.jobs) == 1


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
        ("empty", {}, ProviderError),
        ("empty-scene", {}, NoSubject),
        ("bomb", {}, ProviderError),
    ],
)
def test_a_task_that_went_wrong_is_named_and_never_started_again(tripo, new_tripo_run, fault, values, error):
    tripo.script(fault, **values)
    with pytest.raises(error) as caught:
        new_tripo_run().finish()
    assert type(caught.value) is error
    assert len(tripo.jobs) == 1


def test_a_model_that_drips_does_not_hold_a_worker_and_does_not_end_the_run(tripo, new_tripo_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_s", 1)
    tripo.script("drip")
    assert isinstance(new_tripo_run().finish().trouble, ProviderTimeout)
