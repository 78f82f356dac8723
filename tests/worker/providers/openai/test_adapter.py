"""OpenAI's own client against its image API: every way to answer, and what it means to us."""

import io

import pytest
from PIL import Image

from funmagic.library.images import inspect_image
from tests.factories import photo_bytes
from tests.worker.providers.stylising import PHOTO, PROMPT, STYLE
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
)
from worker.providers.openai import adapter

MODEL = "gpt-image-2.6-sunburst"
SMALL = {"size": "256x256", "partial_images": 0}


def test_the_photo_comes_first_then_the_style_and_both_unchanged(openai, new_openai_run):
    new_openai_run(options=SMALL).start()
    [job] = openai.jobs
    assert job.images == [("photo.jpg", "image/jpeg", PHOTO), ("style.webp", "image/webp", STYLE)]
    assert job.fields == {"model": MODEL, "prompt": PROMPT, "stream": "true", "size": "256x256", "partial_images": "0"}
    assert openai.requests == {"edits": 1}
    assert openai.headers[0]["accept-encoding"] == "identity"


def test_the_result_is_the_picture_at_the_size_that_was_asked_for(openai, new_openai_run):
    done = new_openai_run(options={"size": "512x256"}).start()
    [file] = done.files
    assert (file.mime, file.extension, file.width, file.height) == ("image/png", "png", 512, 256)
    assert Image.open(io.BytesIO(file.data)).size == (512, 256)


@pytest.mark.parametrize(("kind", "extension"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")])
def test_a_result_is_kept_as_what_it_is(openai, new_openai_run, kind, extension):
    [file] = new_openai_run(options={**SMALL, "output_format": kind}).start().files
    assert (file.mime, file.extension) == (f"image/{kind}", extension)


def test_previews_are_shown_as_they_come(openai, new_openai_run):
    run = new_openai_run(options={"size": "256x256"})
    run.start()
    assert [round(at, 2) for at, _ in run.told] == [0.05, 0.33, 0.67]
    assert [bool(preview) for _, preview in run.told] == [False, True, True]
    assert inspect_image(run.told[1][1]).width == 256


def test_a_preview_that_is_no_picture_is_left_out(openai, new_openai_run):
    openai.script("broken-preview")
    run = new_openai_run(options={"size": "256x256", "partial_images": 3})
    run.start()
    assert len(run.told) == 4
    assert not any(preview for _, preview in run.told)


def test_what_it_took_and_what_was_said_is_recorded_without_files(openai, new_openai_run):
    done = new_openai_run(options={"size": "256x256", "quality": "low"}).start()
    [job] = openai.jobs
    assert done.usage.pop("seconds") >= 0
    assert done.usage == {
        "inputTokens": 350,
        "inputImageTokens": 323,
        "inputTextTokens": 27,
        "outputTokens": 1056,
        "totalTokens": 1406,
    }
    assert done.request == {
        "model": MODEL,
        "prompt": PROMPT,
        "options": {"partial_images": 2, "size": "256x256", "quality": "low"},
        "image": ["asset asset-1", "asset style-clay"],
    }
    assert done.response == {
        "requestId": job.id,
        "model": MODEL,
        "size": "256x256",
        "quality": "low",
        "background": "opaque",
        "output_format": "png",
    }


def test_the_model_the_options_the_headers_and_the_credentials_are_data(openai, new_openai_run):
    new_openai_run(
        model="gpt-image-1.5",
        options={**SMALL, "input_fidelity": "high"},
        config={"headers": {"X-Team": "magic"}},
        credentials={"organization": "org-1", "project": "proj-1"},
    ).start()
    [job] = openai.jobs
    assert (job.model, job.fields["input_fidelity"]) == ("gpt-image-1.5", "high")
    headers = openai.headers[0]
    assert (headers["x-team"], headers["openai-organization"], headers["openai-project"]) == (
        "magic",
        "org-1",
        "proj-1",
    )


def test_nothing_is_taken_from_the_environment(openai, new_openai_run, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-shell")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-shell")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    new_openai_run(options=SMALL).start()
    assert not [name for name in openai.headers[0] if name in ("openai-organization", "openai-project")]


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_a_photo_of_any_type_reaches_openai_in_one_that_it_takes(openai, new_openai_run, format):  # noqa: A002 - Pillow's own name
    new_openai_run(photo=photo_bytes(format=format), mime="image/jpeg", options=SMALL).start()
    name, mime, data = openai.jobs[0].images[0]
    assert inspect_image(data).mime == mime
    assert (mime, name) in {("image/jpeg", "photo.jpg"), ("image/png", "photo.png"), ("image/webp", "photo.webp")}


def test_a_photo_that_is_too_large_is_written_anew_and_upright(openai, new_openai_run, monkeypatch):
    monkeypatch.setattr(adapter, "LARGEST_INPUT", 1_500)
    exif = Image.Exif()
    exif[0x0112] = 6
    new_openai_run(photo=photo_bytes(400, 300, quality=100, exif=exif), options=SMALL).start()
    _, mime, data = openai.jobs[0].images[0]
    assert mime == "image/jpeg"
    assert Image.open(io.BytesIO(data)).size == (300, 400)
    assert not Image.open(io.BytesIO(data)).getexif()


@pytest.mark.parametrize("photo", [b"", b"GIF89a", b"<svg/>", photo_bytes(format="GIF")[:60]])
def test_a_photo_that_cannot_be_read_is_never_sent(openai, new_openai_run, photo):
    with pytest.raises(InvalidWork):
        new_openai_run(photo=photo).start()
    assert openai.requests == {}


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"retryAfter": "7"}, 7),
        ({"retryAfterMs": "1500", "retryAfter": "9"}, 1.5),
        ({"retryAfterMs": "soon", "retryAfter": "9"}, 9),
        ({"retryAfter": "soon"}, None),
        ({}, None),
    ],
)
def test_a_rate_limit_may_say_when_to_come_back(openai, new_openai_run, values, seconds):
    openai.script("rate-limited", **values)
    with pytest.raises(ProviderRateLimited) as caught:
        new_openai_run().start()
    assert caught.value.retry_after_s == seconds
    assert (openai.requests, openai.jobs) == ({"edits": 1}, []), "the client's own retries are off"


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("insufficient-quota", {"retryAfter": "1"}, AccountRefused),
        ("billing-limit", {}, AccountRefused),
        ("forbidden", {}, AccountRefused),
        ("moderation", {}, ProviderRejected),
        ("invalid-image", {}, InvalidWork),
        ("unknown-option", {}, ProviderError),
        ("retired", {}, ModelRetired),
        ("wrong-path", {}, ProviderUnavailable),
        ("gateway", {"status": 502}, ProviderUnavailable),
        ("gateway", {"status": 504}, ProviderTimeout),
        ("gateway", {"status": 408}, ProviderTimeout),
        ("gateway", {"status": 409}, ProviderError),
        ("redirect", {"to": "http://169.254.169.254/"}, ProviderError),
    ],
)
def test_a_request_that_is_turned_away_is_named_and_not_repeated(openai, new_openai_run, fault, values, error):
    openai.script(fault, **values)
    with pytest.raises(error) as caught:
        new_openai_run().start()
    assert type(caught.value) is error
    assert (openai.requests, openai.jobs) == ({"edits": 1}, [])


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("cut", {}, ProviderTimeout),
        ("ends-early", {}, ProviderTimeout),
        ("page", {}, ProviderTimeout),
        ("stream-error", {"code": "server_error"}, ProviderUnavailable),
        ("stream-error", {"code": "moderation_blocked"}, ProviderRejected),
        ("stream-error", {"code": "rate_limit_exceeded"}, ProviderRateLimited),
        ("stream-error", {"code": "image_too_small"}, InvalidWork),
        ("stream-error", {"code": "insufficient_quota"}, AccountRefused),
        ("html", {}, ProviderError),
        ("half-picture", {}, ProviderError),
        ("not-base64", {}, ProviderError),
        ("no-picture", {}, ProviderError),
        ("packed", {}, MalformedAnswer),
    ],
)
def test_work_that_goes_wrong_once_it_is_paid_for_is_named_and_not_repeated(
    openai, new_openai_run, fault, values, error
):
    openai.script(fault, **values)
    with pytest.raises(error) as caught:
        new_openai_run(options={"size": "256x256"}).start()
    assert type(caught.value) is error
    assert (openai.requests["edits"], len(openai.jobs)) == (1, 1)


@pytest.mark.parametrize("fault", ["silence", "drip"])
def test_an_answer_that_does_not_come_in_time_is_not_asked_for_again(openai, new_openai_run, fault):
    openai.script(fault)
    with pytest.raises(ProviderTimeout):
        new_openai_run(time_left_s=2.0, options={"size": "256x256"}).start()
    assert (openai.requests["edits"], len(openai.jobs)) == (1, 1)


def test_a_model_that_was_retired_is_named_with_what_to_do(openai, new_openai_run):
    with pytest.raises(ModelRetired, match=r"gpt-image-1\b.*set-tool"):
        new_openai_run(model="gpt-image-1", options=SMALL).start()
    assert openai.jobs == []
