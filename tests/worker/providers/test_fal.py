"""fal.ai's own client against its queue: every way to answer, and what it means to us."""

import io
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fal_client import encode
from PIL import Image

from funmagic.core.settings import get_settings
from tests.factories import photo_bytes
from tests.worker.providers.conftest import KEY, PHOTO
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
    Work,
)
from worker.providers.downloads import FileGone
from worker.providers.fal import adapter

MODEL = "fal-ai/bria/background/remove"


def soon() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


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


def test_an_unknown_operation_is_refused(fal, new_run):
    run = new_run()
    run.work = Work("paint", run.work.files)
    with pytest.raises(ProviderUnavailable):
        run.start()


def test_a_job_that_waits_is_looked_at_until_it_is_done(fal, new_run):
    fal.script("queue", polls=2)
    run = new_run()
    run.start()
    first, second, third = run.check(), run.check(), run.check()
    assert isinstance(first, Waiting)
    assert first.progress < second.progress < 1
    assert isinstance(third, Done)
    assert sum(fal.digests.values()) == 1


@pytest.mark.parametrize(("age", "wait"), [(0, 1), (8, 2), (100, 5)])
def test_a_longer_job_is_looked_at_less_often(fal, new_run, age, wait):
    fal.script("never")
    run = new_run()
    run.start()
    run.waiting.job["submittedAt"] -= age
    assert run.check().check_after_s == pytest.approx(wait, abs=0.5)


@pytest.mark.parametrize("seconds", ["7", "0.5", "0"])
def test_a_rate_limit_says_when_to_come_back(fal, new_run, seconds):
    fal.script("rate-limited", retryAfter=seconds)
    with pytest.raises(ProviderRateLimited) as caught:
        new_run().start()
    assert caught.value.retry_after_s == float(seconds)
    assert fal.requests == {"submit": 1}, "the client's own retries are off"


def test_a_rate_limit_may_give_a_date(fal, new_run):
    fal.script("rate-limited", retryAfter=soon())
    with pytest.raises(ProviderRateLimited) as caught:
        new_run().start()
    assert 0 < caught.value.retry_after_s <= 90


@pytest.mark.parametrize("values", [{}, {"retryAfter": "soon"}, {"retryAfter": ""}])
def test_a_rate_limit_need_not_say_when(fal, new_run, values):
    fal.script("rate-limited", **values)
    with pytest.raises(ProviderRateLimited) as caught:
        new_run().start()
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("exhausted", {}, AccountRefused),
        ("server-error", {"status": 500}, ProviderUnavailable),
        ("server-error", {"status": 503}, ProviderUnavailable),
        ("server-error", {"status": 504}, ProviderTimeout),
        ("server-error", {"status": 408}, ProviderTimeout),
        ("server-error", {"status": 402}, AccountRefused),
        ("retired", {}, ModelRetired),
        ("server-error", {"status": 302}, ProviderError),
        ("malformed", {}, MalformedAnswer),
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


def test_a_wrong_key_is_the_operators_business_and_is_not_repeated_in_the_text(fal, new_run):
    with pytest.raises(AccountRefused, match="HTTP 401") as caught:
        new_run(key="wrong-key-987654321").start()
    assert "wrong-key" not in str(caught.value)


def test_a_submission_that_is_never_answered_is_a_timeout_and_not_repeated(fal, new_run):
    fal.script("silence")
    with pytest.raises(ProviderTimeout):
        new_run(config={"requestTimeoutSeconds": 0.3}).start()
    assert sum(fal.digests.values()) == 1


def test_nobody_there_is_unavailable(new_run, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    with pytest.raises(ProviderUnavailable):
        new_run(base_url="http://127.0.0.1:1").start()


def test_a_provider_in_a_network_that_the_operator_did_not_allow_is_never_called(fal, new_run, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "")
    with pytest.raises(ProviderUnavailable):
        new_run().start()
    assert fal.requests == {}


TROUBLES = [
    ("status-limited", {}, ProviderRateLimited),
    ("status-error", {"status": 500}, ProviderUnavailable),
    ("status-error", {"status": 502}, ProviderUnavailable),
    ("status-error", {"status": 504}, ProviderTimeout),
    ("status-malformed", {}, ProviderError),
    ("result-limited", {}, ProviderRateLimited),
    ("result-gateway", {"status": 502}, ProviderUnavailable),
    ("file-error", {"status": 503}, ProviderUnavailable),
    ("file-error", {"status": 429}, ProviderUnavailable),
]


@pytest.mark.parametrize(("fault", "values", "trouble"), TROUBLES)
def test_trouble_while_looking_neither_fails_the_job_nor_buys_a_second_one(fal, new_run, fault, values, trouble):
    fal.script(fault, **values)
    run = new_run()
    waiting = run.finish()
    assert isinstance(waiting, Waiting)
    assert isinstance(waiting.trouble, trouble)
    assert waiting.provider_job_id == run.waiting.provider_job_id
    assert isinstance(run.check(), Done)
    assert sum(fal.digests.values()) == 1


def test_a_status_that_is_never_answered_is_trouble(fal, new_run):
    fal.script("status-silence")
    run = new_run(config={"requestTimeoutSeconds": 0.3})
    assert isinstance(run.finish().trouble, ProviderUnavailable)
    assert isinstance(run.check(), Done)


def test_a_rate_limit_while_looking_is_respected(fal, new_run):
    fal.script("status-limited", retryAfter="42")
    assert new_run().finish().check_after_s == 42


@pytest.mark.parametrize("fault", ["never", "status-error"])
def test_a_job_is_looked_at_for_as_long_as_the_engine_says(fal, new_run, fault):
    fal.script(fault, times=9)
    run = new_run(time_left_s=-5)
    run.start()
    run.waiting.job["submittedAt"] -= 10_000
    assert isinstance(run.check(), Waiting)


def test_a_call_takes_no_longer_than_the_step_has_left(fal, new_run):
    fal.script("silence")
    with pytest.raises(ProviderTimeout):
        new_run(time_left_s=0.1, config={"requestTimeoutSeconds": 60}).start()


def test_a_job_that_ended_while_nobody_looked_is_still_taken(fal, new_run):
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
        ("html", {}, ProviderError),
        ("jpeg", {}, ProviderError),
        ("opaque", {}, ProviderError),
        ("cut-short", {}, ProviderError),
        ("other-size", {}, ProviderError),
        ("sideways", {}, ProviderError),
        ("packed", {}, ProviderError),
        ("expired", {}, FileGone),
        ("redirect", {"to": "http://169.254.169.254/latest/meta-data"}, ProviderError),
        ("redirect", {"to": "http://10.0.0.1/"}, ProviderError),
        ("redirect", {"to": "file:///etc/passwd"}, ProviderError),
        ("elsewhere", {"url": "http://127.0.0.1:22/x.png"}, ProviderError),
        ("elsewhere", {"url": "data:image/png;base64,AAAA"}, ProviderError),
        ("elsewhere", {"url": "x.png"}, ProviderError),
        ("elsewhere", {"url": 7}, ProviderError),
    ],
)
def test_a_job_that_went_wrong_is_named_and_never_started_again(fal, new_run, fault, values, error):
    fal.script(fault, **values)
    with pytest.raises(error) as caught:
        new_run().finish()
    assert type(caught.value) is error
    assert sum(fal.digests.values()) == 1


def test_a_result_that_is_too_large_is_not_taken(fal, new_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_bytes", 5_000_000)
    fal.script("huge")
    with pytest.raises(ProviderError, match="larger"):
        new_run().finish()


def test_a_result_that_drips_does_not_hold_a_worker(fal, new_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_s", 0.3)
    fal.script("drip")
    with pytest.raises(ProviderTimeout):
        new_run().finish()


def test_an_address_that_expired_is_asked_for_once_more(fal, new_run):
    fal.script("expired-once")
    assert isinstance(new_run().finish(), Done)
    assert (fal.requests["result"], fal.requests["file"]) == (2, 2)


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


@pytest.mark.parametrize(
    "fault", ["", "rejected", "html", "status-error", "exhausted", "expired", "never", "missing-fields"]
)
def test_no_key_and_no_photo_is_in_any_text_log_or_record(fal, new_run, fault, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    fal.script(fault)
    run = new_run()
    told = []
    try:
        told.append(run.start())
        told.append(run.check())
    except ProviderError as error:
        told += [error, repr(error), error.__cause__, error.args]
    output = capfd.readouterr()
    everything = f"{told} {run.provider.account} {caplog.text} {output.out} {output.err}"
    for secret in (KEY, KEY[-8:], "base64", encode(PHOTO, "image/jpeg")[-40:]):
        assert secret not in everything.replace(str(told[-1].files) if isinstance(told[-1], Done) else "\0", "")
