"""Gemini's own client against its API: every way to answer, and what it means to us."""

import io

import pytest
from PIL import Image

from funmagic.library.images import inspect_image
from tests.factories import photo_bytes
from tests.worker.providers.stylising import KEY, PHOTO, PROMPT, STYLE
from worker.providers.base import (
    AccountRefused,
    MalformedAnswer,
    ModelRetired,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
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


def test_a_model_that_was_retired_is_named_with_what_to_do(gemini, new_gemini_run):
    gemini.retired.add("gemini-2.5-flash-image")
    with pytest.raises(ModelRetired, match=r"gemini-2.5-flash-image.*set-tool"):
        new_gemini_run(model="gemini-2.5-flash-image").start()
    assert gemini.jobs == []
