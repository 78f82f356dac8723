"""Whatever the provider, a job that it took is paid for once and polled until it ends: any adapter does this."""

import pytest

from worker.providers.base import (
    Done,
    MalformedAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    Waiting,
)
from worker.providers.downloads import FileGone


def test_a_job_that_waits_is_polled_until_it_is_done(with_jobs):
    with_jobs.emulator.script("queue", polls=2)
    run = with_jobs.new_run()
    run.start()
    first, second, third = run.check(), run.check(), run.check()
    assert 0 <= first.progress < second.progress < 1
    assert isinstance(third, Done)
    assert with_jobs.counts() == (1, 1)


def test_a_longer_job_is_polled_less_often(with_jobs):
    with_jobs.emulator.script("never")
    run = with_jobs.new_run()
    first, last = run.provider.first_poll_s, run.provider.last_poll_s
    assert run.start().check_after_s == first
    for age, wait in ((0, first), (8 * first, 2 * first), (100, last)):
        run.waiting.job["submittedAt"] -= age
        assert run.check().check_after_s == pytest.approx(wait, abs=0.5)


@pytest.mark.parametrize(
    ("fault", "values", "trouble"),
    [
        ("status-limited", {}, ProviderRateLimited),
        ("status-error", {"status": 500}, ProviderUnavailable),
        ("status-error", {"status": 502}, ProviderUnavailable),
        ("status-malformed", {}, MalformedAnswer),
        ("status-silence", {}, ProviderUnavailable),
        ("file-error", {"status": 503}, ProviderUnavailable),
        ("file-error", {"status": 429}, ProviderUnavailable),
    ],
)
def test_trouble_while_polling_neither_fails_the_job_nor_buys_a_second_one(with_jobs, fault, values, trouble):
    with_jobs.emulator.script(fault, **values)
    run = with_jobs.new_run()
    run.start()
    patient = run.provider
    if fault == "status-silence":
        run.provider = with_jobs.new_run(config={"requestTimeoutSeconds": 1}).provider
    waiting = run.check()
    assert isinstance(waiting, Waiting)
    assert type(waiting.trouble) is trouble
    assert (waiting.provider_job_id, waiting.job) == (run.waiting.provider_job_id, run.waiting.job)
    polls = with_jobs.emulator.requests[with_jobs.peculiar.poll]
    assert polls == 1, "one poll, one request: the client's own retries are off"
    run.provider = patient
    assert isinstance(run.check(), Done)
    assert with_jobs.counts() == (1, 1)


def test_a_rate_limit_while_polling_is_respected(with_jobs):
    with_jobs.emulator.script("status-limited", retryAfter="42")
    assert with_jobs.new_run().finish().check_after_s == 42


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("html", {}, ProviderError),
        ("cut-short", {}, ProviderError),
        ("packed", {}, ProviderError),
        ("expired", {}, FileGone),
        ("redirect", {"to": "http://169.254.169.254/latest/meta-data"}, ProviderError),
        ("redirect", {"to": "http://10.0.0.1/"}, ProviderError),
        ("redirect", {"to": "file:///etc/passwd"}, ProviderError),
        ("elsewhere", {"url": "http://127.0.0.1:22/x"}, ProviderError),
        ("elsewhere", {"url": "http://169.254.169.254/latest/meta-data"}, ProviderError),
        ("elsewhere", {"url": "data:image/png;base64,AAAA"}, ProviderError),
        ("elsewhere", {"url": "x.png"}, ProviderError),
        ("elsewhere", {"url": 7}, ProviderError),
    ],
)
def test_a_result_that_is_not_to_be_had_ends_the_job_which_is_never_started_again(with_jobs, fault, values, error):
    with_jobs.emulator.script(fault, **values)
    with pytest.raises(error) as caught:
        with_jobs.new_run().finish()
    assert type(caught.value) is error
    assert with_jobs.counts() == (1, 1)


def test_an_address_that_expired_is_asked_for_once_more(with_jobs):
    with_jobs.emulator.script("expired-once")
    assert isinstance(with_jobs.new_run().finish(), Done)
    assert [with_jobs.emulator.requests[place] for place in with_jobs.peculiar.downloads] == [2, 2]


def test_a_job_is_stopped_where_the_provider_knows_a_way_to(with_jobs):
    with_jobs.emulator.script("never")
    run = with_jobs.new_run()
    run.start()
    with_jobs.emulator.requests.clear()
    can_be_stopped = with_jobs.peculiar.can_be_stopped
    assert run.cancel() is can_be_stopped
    [job] = with_jobs.emulator.jobs.values()
    assert getattr(job, "cancelled", False) is can_be_stopped
    assert with_jobs.emulator.requests == ({"cancel": 1} if can_be_stopped else {})
