"""Gemini's own client against its API: every way to answer, and what it means to us."""

import io
import logging

import pytest
from PIL import Image

from funmagic.core.settings import get_settings
from funmagic.core.telemetry.logs import OURS
from funmagic.library.images import inspect_image
from tests.factories import photo_bytes
from tests.worker.providers.stylising import KEY, PHOTO, PROMPT, STYLE
from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    InvalidWork,
    MalformedAnswer,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    Work,
)
from worker.providers.google import adapter

MODEL = "gemini-nano-banana-2.1"


def test_the_photo_comes_first_then_the_style_then_the_words(gemini, new_gemini_run):
    new_gemini_run().start()
    [job] = gemini.jobs
    assert job.images == [PHOTO, STYLE]
    assert job.body["contents"][0]["parts"][-1] == {"text": PROMPT}
    assert job.body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}
    assert gemini.requests == {"generateContent": 1}
    assert gemini.headers[0]["accept-encoding"] == "identity"


def test_the_result_is_the_picture_as_the_options_ask_for_it(gemini, new_gemini_run):
    [file] = new_gemini_run(options={"aspect_ratio": "16:9", "image_size": "1K"}).start().files
    assert (file.mime, file.extension, file.width, file.height) == ("image/png", "png", 1024, 576)
    assert Image.open(io.BytesIO(file.data)).size == (1024, 576)


def test_the_model_and_the_headers_are_data_and_the_time_is_told(gemini, new_gemini_run):
    new_gemini_run(model="gemini-3-pro-image", config={"headers": {"X-Team": "magic"}}, time_left_s=33.0).start()
    [job] = gemini.jobs
    headers = gemini.headers[0]
    assert (job.model, headers["x-team"], headers["x-server-timeout"]) == ("gemini-3-pro-image", "magic", "33")


def test_what_it_took_and_what_was_said_is_recorded_without_files(gemini, new_gemini_run):
    run = new_gemini_run(options={"aspect_ratio": "1:1"})
    done = run.start()
    assert done.usage.pop("seconds") >= 0
    assert done.usage == {"inputTokens": 520, "outputTokens": 1290, "totalTokens": 1810}
    assert done.request == {
        "model": MODEL,
        "prompt": PROMPT,
        "options": {"aspect_ratio": "1:1"},
        "image": ["asset asset-1", "asset style-clay"],
    }
    assert done.response == {"responseId": "gemini-response-1", "model": MODEL}
    assert run.told == [(0.1, None)]


def test_a_picture_of_its_thoughts_is_not_taken_for_the_result(gemini, new_gemini_run):
    gemini.script("thoughts")
    [file] = new_gemini_run().start().files
    assert file.width == 1024


def test_nothing_is_taken_from_the_environment(gemini, new_gemini_run, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", "key-of-the-shell")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v9")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
    new_gemini_run().start()
    assert gemini.headers[0]["x-goog-api-key"] == KEY


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_a_photo_of_any_type_reaches_gemini_in_one_that_it_takes(gemini, new_gemini_run, format):  # noqa: A002 - Pillow's own name
    new_gemini_run(photo=photo_bytes(format=format), mime="image/jpeg").start()
    part = gemini.jobs[0].body["contents"][0]["parts"][0]["inlineData"]
    assert inspect_image(gemini.jobs[0].images[0]).mime == part.get("mimeType", part.get("mime_type"))


def test_a_photo_that_is_too_large_for_one_request_is_made_smaller(gemini, new_gemini_run):
    noise = Image.effect_noise((3000, 3000), 90)
    encoded = io.BytesIO()
    noise.convert("RGB").save(encoded, "PNG", compress_level=0)
    new_gemini_run(photo=encoded.getvalue()).start()
    assert len(gemini.jobs[0].images[0]) <= adapter.LARGEST_INPUT


def test_an_operation_that_it_cannot_do_and_a_missing_style_are_refused(gemini, new_gemini_run):
    run = new_gemini_run()
    run.work = Work("remove-background", run.work.files)
    with pytest.raises(ProviderUnavailable):
        run.start()
    with pytest.raises(InvalidWork):
        new_gemini_run(style=None).start()
    assert gemini.requests == {}


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"retryDelay": "2s"}, 2),
        ({"retryDelay": "36.5s", "retryAfter": "9"}, 36.5),
        ({"retryDelay": "soon", "retryAfter": "9"}, 9),
        ({"retryDelay": None}, None),
        ({}, None),
    ],
)
def test_a_rate_limit_may_say_when_to_come_back(gemini, new_gemini_run, values, seconds):
    gemini.script("rate-limited", **values)
    with pytest.raises(ProviderRateLimited) as caught:
        new_gemini_run().start()
    assert caught.value.retry_after_s == seconds
    assert (gemini.requests, gemini.jobs) == ({"generateContent": 1}, []), "the client's own retries are off"


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("prepaid", {}, AccountRefused),
        ("wrong-key", {}, AccountRefused),
        ("forbidden", {}, AccountRefused),
        ("no-billing", {}, AccountRefused),
        ("invalid", {}, ProviderError),
        ("retired", {}, ModelRetired),
        ("wrong-path", {}, ProviderUnavailable),
        ("server-error", {"status": 500}, ProviderUnavailable),
        ("server-error", {"status": 503}, ProviderUnavailable),
        ("server-error", {"status": 504}, ProviderTimeout),
        ("gateway", {"status": 502}, ProviderUnavailable),
        ("gateway", {"status": 401}, AccountRefused),
        ("redirect", {"to": "http://169.254.169.254/"}, ProviderError),
    ],
)
def test_a_request_that_is_turned_away_is_named_and_not_repeated(gemini, new_gemini_run, fault, values, error):
    gemini.script(fault, **values)
    with pytest.raises(error) as caught:
        new_gemini_run().start()
    assert type(caught.value) is error
    assert (gemini.requests, gemini.jobs) == ({"generateContent": 1}, [])


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("refused", {"reason": "IMAGE_SAFETY"}, ProviderRejected),
        ("refused", {"reason": "IMAGE_PROHIBITED_CONTENT"}, ProviderRejected),
        ("refused", {"reason": "SAFETY"}, ProviderRejected),
        ("refused", {"reason": "RECITATION"}, ProviderRejected),
        ("refused", {"reason": "PUP_LIMITED_DISABLED"}, AccountRefused),
        ("refused", {"reason": "NO_IMAGE"}, ProviderError),
        ("refused", {"reason": "IMAGE_OTHER"}, ProviderError),
        ("refused", {"reason": "SOMETHING_NEW"}, ProviderError),
        ("blocked", {"reason": "PROHIBITED_CONTENT"}, ProviderRejected),
        ("blocked", {"reason": "OTHER"}, ProviderRejected),
        ("no-picture", {}, ProviderError),
        ("empty", {}, ProviderError),
        ("html", {}, ProviderError),
        ("half-picture", {}, ProviderError),
        ("malformed", {}, MalformedAnswer),
        ("page", {}, MalformedAnswer),
        ("packed", {}, MalformedAnswer),
        ("cut", {}, ProviderTimeout),
    ],
)
def test_work_that_goes_wrong_once_it_is_paid_for_is_named_and_not_repeated(
    gemini, new_gemini_run, fault, values, error
):
    gemini.script(fault, **values)
    with pytest.raises(error) as caught:
        new_gemini_run().start()
    assert type(caught.value) is error
    assert (gemini.requests["generateContent"], len(gemini.jobs)) == (1, 1)


def test_an_answer_that_does_not_come_in_time_is_not_asked_for_again(gemini, new_gemini_run):
    gemini.script("silence")
    with pytest.raises(ProviderTimeout):
        new_gemini_run(time_left_s=2.0).start()
    assert (gemini.requests["generateContent"], len(gemini.jobs)) == (1, 1)


def test_an_answer_that_is_too_large_is_not_taken(gemini, new_gemini_run, monkeypatch):
    monkeypatch.setattr(adapter.Adapter, "result_bytes", 5_000_000)
    gemini.script("huge")
    with pytest.raises(ProviderError, match="larger"):
        new_gemini_run().start()


def test_a_model_that_was_retired_is_named_with_what_to_do(gemini, new_gemini_run):
    gemini.retired.add("gemini-2.5-flash-image")
    with pytest.raises(ModelRetired, match=r"gemini-2.5-flash-image.*set-tool"):
        new_gemini_run(model="gemini-2.5-flash-image").start()
    assert gemini.jobs == []


def test_nobody_there_is_unavailable(new_gemini_run, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    with pytest.raises(ProviderUnavailable):
        new_gemini_run("http://127.0.0.1:1").start()


def test_a_network_that_the_operator_did_not_allow_is_never_asked(gemini, new_gemini_run, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "")
    for call in (new_gemini_run().start, new_gemini_run().provider.check_health):
        with pytest.raises(ProviderUnavailable):
            call()
    assert gemini.requests == {}


def test_an_account_without_a_key_is_unavailable():
    with pytest.raises(ProviderUnavailable):
        adapter.Adapter(Account("google", "google", scope="web"))


def test_there_is_nothing_to_look_at_later_and_nothing_to_stop(gemini, new_gemini_run):
    run = new_gemini_run()
    assert run.provider.cancel("job", run.work) is False
    with pytest.raises(ProviderUnavailable):
        run.provider.check("job", run.work, lambda _at, **_: None)


def test_looking_whether_it_is_well_costs_nothing(gemini, new_gemini_run):
    new_gemini_run().provider.check_health()
    assert (gemini.requests, gemini.jobs) == ({"models": 1}, [])


@pytest.mark.parametrize(
    ("fault", "error"),
    [("server-error", ProviderUnavailable), ("wrong-key", AccountRefused), ("rate-limited", ProviderRateLimited)],
)
def test_not_being_well_is_told_by_name(gemini, new_gemini_run, fault, error):
    gemini.script(fault)
    with pytest.raises(error):
        new_gemini_run().provider.check_health()


@pytest.mark.parametrize("fault", ["", "invalid", "wrong-key", "refused", "html", "cut", "gateway"])
def test_no_key_and_no_photo_is_in_any_text_log_or_record(gemini, new_gemini_run, fault, caplog, capfd):
    caplog.set_level(logging.DEBUG, logger=OURS)
    gemini.script(fault)
    run = new_gemini_run()
    told = []
    try:
        done = run.start()
        told += [done.request, done.response, done.usage]
    except ProviderError as error:
        told += [error, repr(error), error.__cause__, error.args]
    output = capfd.readouterr()
    everything = f"{told} {run.provider.account} {caplog.text} {output.out} {output.err}"
    for secret in (KEY, KEY[-8:], "base64", str(PHOTO)[20:60]):
        assert secret not in everything
