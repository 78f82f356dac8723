"""Tripo's own client against its v3 API: every way to answer, and what it means to us."""

import io
from uuid import UUID

import numpy as np
import pytest
import trimesh
from PIL import Image

from funmagic.models.assets import AssetKind
from tests.emulators.tripo import CREDITS_OF_A_MODEL, LARGEST_UPLOAD
from tests.factories import photo_bytes
from tests.worker.providers.keys import FIGURE
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

MODEL = "v3.1-20260211"


def image_of(mode: str = "RGB", size: tuple[int, int] = (64, 48), format: str = "PNG") -> bytes:  # noqa: A002 - Pillow's own name
    encoded = io.BytesIO()
    Image.new(mode, size).save(encoded, format)
    return encoded.getvalue()


def test_a_task_is_created_and_left_alone(tripo, new_tripo_run):
    waiting = new_tripo_run(options={"texture_quality": "detailed", "pbr": True}).start()
    [job] = tripo.jobs.values()
    assert (waiting.provider_job_id, waiting.check_after_s) == (job.id, 2.0)
    assert job.arguments == {
        "input": job.upload.token,
        "model": MODEL,
        "texture_quality": "detailed",
        "pbr": True,
    }
    assert tripo.requests == {"upload": 1, "create": 1}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_that_tripo_takes_reaches_it_unchanged(tripo, new_tripo_run, kind):
    image = photo_bytes(format=kind)
    new_tripo_run(image=image).start()
    [job] = tripo.jobs.values()
    assert job.upload.data == image


def test_an_image_of_another_type_is_made_one_that_tripo_takes(tripo, new_tripo_run):
    new_tripo_run(image=image_of(format="GIF")).start()
    [job] = tripo.jobs.values()
    assert (job.upload.image.format, job.upload.image.size) == ("JPEG", (64, 48))


def test_an_image_that_is_too_large_for_tripo_is_made_smaller(tripo, new_tripo_run):
    encoded = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (2000, 2600, 4), dtype=np.uint8)
    Image.fromarray(noise).save(encoded, "PNG", compress_level=1)
    assert len(encoded.getvalue()) > LARGEST_UPLOAD
    new_tripo_run(image=encoded.getvalue(), config={"requestTimeoutSeconds": 60}).start()
    [job] = tripo.jobs.values()
    image = job.upload.image
    assert (image.format, image.mode, image.size) == ("WEBP", "RGBA", (2048, 1575))
    assert len(job.upload.data) < LARGEST_UPLOAD


@pytest.mark.parametrize("image", [b"", b"<html>", FIGURE[:20], image_of(format="GIF")[:40]])
def test_an_image_that_cannot_be_read_is_never_sent(tripo, new_tripo_run, image):
    with pytest.raises(InvalidWork):
        new_tripo_run(image=image).start()
    assert tripo.requests == {}


def test_a_finished_task_gives_a_model_that_was_opened_and_measured(tripo, new_tripo_run):
    done = new_tripo_run().finish()
    [file] = done.files
    scene = trimesh.load_scene(io.BytesIO(file.data), file_type="glb")
    assert (file.kind, file.mime, file.extension) == (AssetKind.MODEL, "model/gltf-binary", "glb")
    assert file.meta["faces"] == sum(len(mesh.faces) for mesh in scene.geometry.values()) == 320
    assert Image.open(io.BytesIO(file.preview)).format == "WEBP"
    assert done.usage["creditsConsumed"] == CREDITS_OF_A_MODEL
    assert done.usage["seconds"] >= 0


def test_the_model_and_the_headers_are_data(tripo, new_tripo_run):
    new_tripo_run(model="P1-20260311", config={"headers": {"X-Team": "magic"}}).start()
    [job] = tripo.jobs.values()
    assert job.arguments["model"] == "P1-20260311"
    assert {headers["x-team"] for headers in tripo.headers} == {"magic"}


def test_options_cannot_replace_the_image_or_the_model(tripo, new_tripo_run):
    new_tripo_run(options={"input": "http://169.254.169.254/", "model": "other", "type": "text_to_model"}).start()
    [job] = tripo.jobs.values()
    assert job.arguments == {"input": job.upload.token, "model": MODEL}


def test_a_token_that_is_also_the_name_of_a_file_here_stays_a_token(tripo, new_tripo_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tests.emulators.tripo.uuid4", lambda: UUID(int=7))
    (tmp_path / f"file_{UUID(int=7).hex}").write_bytes(b"a secret of this machine")
    new_tripo_run().start()
    assert tripo.requests == {"upload": 1, "create": 1}


@pytest.mark.parametrize("fault", ["rate-limited", "upload-limited"])
@pytest.mark.parametrize(("values", "seconds"), [({"retryAfter": "7"}, 7), ({"retryAfter": "soon"}, None), ({}, None)])
def test_a_rate_limit_says_when_to_come_back_if_it_does(tripo, new_tripo_run, fault, values, seconds):
    tripo.script(fault, **values)
    with pytest.raises(ProviderRateLimited) as caught:
        new_tripo_run().start()
    assert caught.value.retry_after_s == seconds
    assert tripo.jobs == {}


REFUSALS = [
    ("limited-inside-200", {}, ProviderRateLimited),
    ("exhausted", {}, AccountRefused),
    ("forbidden", {}, AccountRefused),
    ("server-error", {"status": 200}, ProviderUnavailable),
    ("gateway", {"status": 502}, ProviderUnavailable),
    ("gateway", {"status": 504}, ProviderTimeout),
    ("gateway", {"status": 408}, ProviderTimeout),
    ("gateway", {"status": 404}, ProviderError),
    ("gateway", {"status": 302}, ProviderError),
    ("gateway", {"status": 200}, MalformedAnswer),
    ("invalid", {}, InvalidWork),
    ("malformed-body", {}, InvalidWork),
    ("unknown-model", {}, ModelRetired),
    ("model-not-found", {}, ModelRetired),
    ("rejected", {}, ProviderRejected),
]


@pytest.mark.parametrize(("fault", "values", "error"), REFUSALS)
def test_a_creation_that_is_refused_is_named_and_not_repeated(tripo, new_tripo_run, fault, values, error):
    tripo.script(fault, **values)
    with pytest.raises(error) as caught:
        new_tripo_run().start()
    assert type(caught.value) is error
    assert (tripo.requests, tripo.jobs) == ({"upload": 1, "create": 1}, {})


@pytest.mark.parametrize(
    ("fault", "values"),
    [
        ("malformed", {}),
        ("unnamed", {}),
        ("strange-name", {"name": "../account/balance"}),
        ("strange-name", {"name": ".."}),
        ("strange-name", {"name": {"id": 7}}),
        ("strange-name", {"name": "x" * 300}),
        ("strange-name", {"name": "a\nb"}),
    ],
)
def test_a_creation_whose_answer_makes_no_sense_is_not_repeated(tripo, new_tripo_run, fault, values):
    tripo.script(fault, **values)
    with pytest.raises(ProviderError) as caught:
        new_tripo_run().start()
    assert type(caught.value) is MalformedAnswer
    assert (tripo.requests, len(tripo.jobs)) == ({"upload": 1, "create": 1}, 1)


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("upload-error", {"status": 500}, ProviderUnavailable),
        ("upload-error", {"status": 503}, ProviderUnavailable),
        ("upload-malformed", {}, MalformedAnswer),
        ("upload-silence", {}, ProviderUnavailable),
    ],
)
def test_an_upload_that_goes_wrong_costs_nothing(tripo, new_tripo_run, fault, values, error):
    tripo.script(fault, **values)
    patience = {"requestTimeoutSeconds": 1} if fault == "upload-silence" else {}
    with pytest.raises(error) as caught:
        new_tripo_run(config=patience).start()
    assert type(caught.value) is error
    assert tripo.requests == {"upload": 1}


def test_no_call_takes_longer_than_the_step_has_left(tripo, new_tripo_run, monkeypatch):
    monkeypatch.setattr("worker.providers.tripo.adapter.Adapter.shortest_call_s", 0.1)
    tripo.script("upload-silence")
    with pytest.raises(ProviderUnavailable):
        new_tripo_run(time_left_s=0.5).start()


def test_a_model_that_tripo_does_not_have_is_retired(tripo, new_tripo_run):
    with pytest.raises(ModelRetired):
        new_tripo_run(model="v2.0-20240919").start()
    assert tripo.jobs == {}


def test_a_key_of_another_kind_is_never_sent(tripo, new_tripo_run):
    with pytest.raises(AccountRefused) as caught:
        new_tripo_run(key="sk-of-another-service")
    assert "another" not in str(caught.value).replace("another kind", "")


def test_an_account_without_credit_is_not_healthy(tripo, new_tripo_run):
    tripo.balance = 0
    with pytest.raises(AccountRefused, match="out of credit"):
        new_tripo_run().provider.check_health()
