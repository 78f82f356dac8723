"""fal.ai told to stop, and asked how it is."""

import pytest

from funmagic.core.settings import get_settings
from worker.providers.base import AccountRefused, ProviderUnavailable, Waiting


def test_a_job_can_be_cancelled(fal, new_run):
    fal.script("never")
    run = new_run()
    run.start()
    assert run.cancel()
    [job] = fal.jobs.values()
    assert job.cancelled


def test_a_job_that_is_over_need_not_be_cancelled(fal, new_run):
    run = new_run()
    run.finish()
    assert run.cancel()
    [job] = fal.jobs.values()
    assert not job.cancelled


def test_a_cancel_that_nobody_confirms_is_no_cancel(fal, new_run):
    run = new_run()
    run.start()
    fal.jobs.clear()
    assert not run.cancel()
    run.waiting = Waiting("lost", 1)
    assert not run.cancel()
    assert fal.requests == {"submit": 1, "cancel": 1}


def test_an_account_that_is_let_in_is_healthy(fal, new_run):
    new_run().provider.check_health()
    assert (fal.requests, fal.jobs) == ({"status": 1}, {})


def test_an_account_that_is_turned_away_is_not_healthy(fal, new_run):
    with pytest.raises(AccountRefused):
        new_run(key="wrong-key-987654321").provider.check_health()


def test_a_provider_that_is_not_there_is_not_healthy(new_run, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    with pytest.raises(ProviderUnavailable):
        new_run(base_url="http://127.0.0.1:1").provider.check_health()
