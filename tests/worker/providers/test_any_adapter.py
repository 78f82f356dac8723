"""Whatever the provider, its adapter does this: what is peculiar to one is in its own tests."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from funmagic.core.settings import get_settings
from funmagic.core.telemetry.logs import OURS
from tests.worker.providers.keys import FIGURE, KEY, PHOTO, REPLICATE_KEY, TRIPO_KEY
from tests.worker.providers.remotes import ALL, FAL, Remote
from tests.worker.providers.stylising import KEY as STYLISING_KEY
from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    Done,
    InvalidWork,
    MalformedAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.providers.registry import open_provider

# Tripo's begin like this, and the others do not care.
WRONG_KEY = "tsk_wrong-key-987654321"
SECRETS = {"fal": KEY, "replicate": REPLICATE_KEY, "tripo": TRIPO_KEY, "openai": STYLISING_KEY, "google": STYLISING_KEY}


def soon() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


@pytest.mark.parametrize("peculiar", ALL, ids=lambda peculiar: peculiar.kind)
def test_an_account_without_a_key_is_unavailable(peculiar):
    with pytest.raises(ProviderUnavailable):
        open_provider(Account("it", peculiar.kind, scope="web"))


def test_an_operation_that_it_cannot_do_is_refused(remote):
    with pytest.raises(ProviderUnavailable):
        remote.new_run(operation="paint").start()
    assert remote.emulator.requests == {}


def test_without_anything_to_work_on_nothing_is_asked(remote):
    with pytest.raises(InvalidWork):
        remote.new_run(**remote.peculiar.without_input).start()
    assert remote.emulator.requests == {}


def test_a_wrong_key_is_the_operators_business_and_is_not_repeated_in_the_text(remote):
    run = remote.new_run(key=WRONG_KEY)
    for call in (run.start, run.provider.check_health):
        with pytest.raises(AccountRefused, match=r"HTTP 40[01]") as caught:
            call()
        assert "wrong-key" not in str(caught.value)
    assert len(remote.emulator.jobs) == 0


def test_nobody_there_is_unavailable(remote, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    run = remote.new_run(base_url="http://127.0.0.1:1")
    for call in (run.start, run.provider.check_health):
        with pytest.raises(ProviderUnavailable):
            call()


def test_a_network_that_the_operator_did_not_allow_is_never_asked(remote, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "")
    run = remote.new_run()
    for call in (run.start, run.provider.check_health):
        with pytest.raises(ProviderUnavailable):
            call()
    assert remote.emulator.requests == {}


@pytest.mark.parametrize(
    ("values", "shortest", "longest"),
    [({"retryAfter": "7"}, 7, 7), ({"retryAfter": "0.5"}, 0.5, 0.5), ({"retryAfter": soon()}, 0, 90)],
    ids=["seconds", "a fraction", "a date"],
)
def test_a_rate_limit_says_when_to_come_back(remote, values, shortest, longest):
    remote.emulator.script("rate-limited", **values)
    with pytest.raises(ProviderRateLimited) as caught:
        remote.new_run().start()
    assert shortest <= caught.value.retry_after_s <= longest
    assert remote.counts() == (1, 0), "the client's own retries are off"


@pytest.mark.parametrize("values", [{}, {"retryAfter": "soon"}, {"retryAfter": ""}])
def test_a_rate_limit_need_not_say_when(remote, values):
    remote.emulator.script("rate-limited", **values)
    with pytest.raises(ProviderRateLimited) as caught:
        remote.new_run().start()
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (402, AccountRefused),
        (403, AccountRefused),
        (408, ProviderTimeout),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (504, ProviderTimeout),
    ],
)
def test_work_that_is_turned_away_is_named_by_its_status_and_not_repeated(remote, status, error):
    remote.emulator.script("server-error", status=status)
    with pytest.raises(error) as caught:
        remote.new_run().start()
    assert type(caught.value) is error
    assert remote.counts() == (1, 0)


def test_an_answer_that_makes_no_sense_is_named_and_the_work_not_asked_for_again(remote):
    remote.emulator.script("malformed")
    with pytest.raises(MalformedAnswer):
        remote.new_run().start()
    assert remote.counts() == (1, 1)


def test_work_that_is_never_answered_is_a_timeout_and_not_asked_for_again(remote):
    remote.emulator.script("silence")
    with pytest.raises(ProviderTimeout):
        remote.new_run(time_left_s=3.0, config={"requestTimeoutSeconds": 3}).start()
    assert remote.counts() == (1, 1)


def test_a_result_that_is_too_large_is_not_taken(remote, monkeypatch):
    run = remote.new_run()
    monkeypatch.setattr(type(run.provider), "result_bytes", 5_000_000)
    remote.emulator.script("huge")
    with pytest.raises(ProviderError, match="larger"):
        run.finish()
    assert remote.counts() == (1, 1)


def test_looking_whether_it_is_well_costs_nothing(remote):
    remote.new_run().provider.check_health()
    assert (remote.emulator.requests, len(remote.emulator.jobs)) == ({remote.peculiar.health: 1}, 0)


@pytest.mark.parametrize(
    ("peculiar", "fault"),
    [(peculiar, fault) for peculiar in ALL for fault in ("", "malformed", "server-error", *peculiar.faults)],
    ids=lambda value: getattr(value, "kind", value),
)
def test_no_key_no_file_and_no_signed_address_is_in_any_text_log_or_record(request, peculiar, fault, caplog, capfd):
    # The clients of the others write whole requests into their own logs, which nobody reads.
    caplog.set_level(logging.DEBUG, logger="" if peculiar is FAL else OURS)
    remote, secret = Remote(peculiar, request), SECRETS[peculiar.kind]
    remote.emulator.script(fault, error=f"died on https://replicate.delivery/x?sig=1 with {secret} data:image/png,AA")
    run = remote.new_run()
    told: list[Any] = []
    try:
        for outcome in (run.start(), run.check() if hasattr(run, "waiting") else None):
            is_done = isinstance(outcome, Done)
            told.append((outcome.usage, outcome.request, outcome.response) if is_done else outcome)
    except ProviderError as error:
        told += [error, repr(error), error.__cause__, error.args]
    output = capfd.readouterr()
    everything = f"{told} {run.provider.account} {caplog.text} {output.out} {output.err}"
    files = (str(PHOTO)[20:60], str(FIGURE)[20:60], "base64", "data:image")
    for forbidden in (secret, secret[-8:], *files, "sig=", "?k=1", "/output/", "/v1/files/"):
        assert forbidden not in everything


def test_one_request_leaves_nothing_to_poll_and_nothing_to_stop(without_jobs):
    run = without_jobs.new_run()
    assert run.provider.cancel("job", run.work) is False
    with pytest.raises(ProviderUnavailable):
        run.provider.check("job", run.work, lambda _at, **_: None)
    assert without_jobs.emulator.requests == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("server-error", ProviderUnavailable), ("forbidden", AccountRefused), ("rate-limited", ProviderRateLimited)],
)
def test_not_being_well_is_told_by_name(without_jobs, fault, error):
    without_jobs.emulator.script(fault)
    with pytest.raises(error):
        without_jobs.new_run().provider.check_health()
