"""A prediction that runs at Replicate: looks that tell nothing, ends that are none, and scenes that are unfit."""

import pytest

from worker.providers.base import (
    AccountRefused,
    Done,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    Waiting,
)
from worker.providers.replicate import adapter


@pytest.mark.parametrize(
    ("fault", "values", "trouble"),
    [
        ("status-error", {"status": 504}, ProviderUnavailable),
        ("status-error", {"status": 401}, AccountRefused),
        ("status-unknown", {}, ProviderError),
    ],
)
def test_trouble_while_polling_neither_fails_the_run_nor_buys_a_second_prediction(
    replicate, new_prediction, fault, values, trouble
):
    replicate.script(fault, **values)
    run = new_prediction()
    waiting = run.finish()
    assert isinstance(waiting, Waiting)
    assert isinstance(waiting.trouble, trouble)
    assert isinstance(run.check(), Done)
    assert len(replicate.jobs) == 1


def test_addresses_of_others_are_never_asked(replicate, new_prediction):
    replicate.script("foreign-addresses", base="https://evil.example")
    run = new_prediction()
    assert isinstance(run.finish(), Done)
    assert run.cancel(), "the prediction is over"


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("failed", {}, ProviderError),
        ("aborted", {}, ProviderError),
        ("canceled", {}, ProviderError),
        ("removed", {}, ProviderError),
        ("unnamed", {}, ProviderError),
        ("bomb", {}, ProviderError),
        ("not-json", {}, ProviderError),
        ("not-scene", {}, ProviderError),
        ("wrong-shape", {}, ProviderError),
        ("short-data", {}, ProviderError),
        ("no-points", {}, ProviderError),
        ("not-finite", {}, ProviderError),
    ],
)
def test_a_prediction_that_went_wrong_is_named_and_never_started_again(replicate, new_prediction, fault, values, error):
    replicate.script(fault, **values)
    with pytest.raises(error) as caught:
        new_prediction().finish()
    assert type(caught.value) is error
    assert (len(replicate.jobs), replicate.requests["create"]) == (1, 1)


@pytest.mark.parametrize("fault", ["aborted", "canceled"])
def test_a_prediction_that_stopped_at_its_deadline_took_too_long(replicate, new_prediction, fault):
    replicate.script(fault)
    with pytest.raises(ProviderTimeout):
        new_prediction(time_left_s=3).finish()


def test_a_prediction_that_replicate_does_not_know_any_more_is_over(replicate, new_prediction):
    run = new_prediction()
    run.start()
    replicate.jobs.clear()
    with pytest.raises(ProviderError) as caught:
        run.check()
    assert type(caught.value) is ProviderError
    assert not run.cancel()


@pytest.mark.parametrize("job_id", ["../account", "x/y", "", "a" * 300])
def test_an_id_that_is_none_is_never_asked_for(replicate, new_prediction, job_id):
    run = new_prediction()
    with pytest.raises(ProviderError):
        run.provider.check(job_id, run.work, lambda _: None)
    assert not run.provider.cancel(job_id, run.work)
    assert replicate.requests == {}


def test_a_scene_that_drips_does_not_hold_a_worker(replicate, new_prediction, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_s", 0.3)
    replicate.script("drip")
    with pytest.raises(ProviderTimeout):
        new_prediction().finish()


def test_a_scene_is_fetched_without_the_token(replicate, new_prediction):
    assert isinstance(new_prediction().finish(), Done), "the store of outputs refuses whoever brings one"
