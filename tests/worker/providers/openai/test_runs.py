"""Whole runs through OpenAI and Gemini: what the person is told and shown, what is charged, and what was paid for."""

import base64
import io

import pytest
from PIL import Image
from sqlmodel import select

from funmagic.catalogue.configure import configure_step
from funmagic.core.db import reading, transaction
from funmagic.core.queues import QueueName
from funmagic.core.storage.current import get_storage
from funmagic.models.assets import Asset
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.providers.service import set_provider
from funmagic.tasks.failures import SENTENCES
from tests.emulators.fal_faults import Fault
from tests.factories import balance_of, books_are_right, load_task, submit_figure
from tests.worker.engine import Killed, events_of, expire_lease, run_and_die, waiting_jobs
from tests.worker.providers.stylising import KEY
from worker.providers.openai.adapter import Adapter as OpenAIAdapter
from worker.runs.run import run_task

pytestmark = pytest.mark.usefixtures("db", "redis")
MOST_ATTEMPTS = 6
SMALL = {"size": "256x256", "partial_images": 2}


@pytest.fixture
def at_openai(openai, openai_server):
    """FigMe's pictures are made by OpenAI."""
    with transaction() as session:
        set_provider(session, "openai", api_key=KEY, base_url=openai_server[1])
        configure_step(session, "figme", "image-gen", provider="openai", options=SMALL)
    return openai


@pytest.fixture
def at_gemini(gemini, gemini_server):
    """FigMe's pictures are made by Gemini."""
    with transaction() as session:
        set_provider(session, "google", api_key=KEY, base_url=gemini_server[1])
        configure_step(session, "figme", "image-gen", provider="google")
    return gemini


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def run_to_the_end(viewer):
    task = submit_figure(viewer)
    for _ in range(MOST_ATTEMPTS):
        run_task(task.id)
        if load_task(task.id).finished_at is not None:
            break
    return load_task(task.id)


def test_a_run_is_done_by_openai_and_charged_once(alice, at_openai):
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance, balance_of(alice).reserved) == ("completed", 80, 0)
    with reading() as session:
        [asset] = session.exec(select(Asset).where(Asset.task_id == task.id))
    assert (asset.mime, asset.width, asset.height) == ("image/png", 256, 256)
    assert get_storage().get(asset.bucket, asset.storage_key).startswith(b"\x89PNG")
    assert len(at_openai.jobs) == 1
    assert books_are_right()


def test_its_previews_are_shown_while_it_works(alice, at_openai):
    task = run_to_the_end(alice)
    shown = [event for event in events_of(task.id) if event["type"] == "partial_result"]
    assert len(shown) == 2
    picture = base64.b64decode(shown[0]["data"]["image"].partition(",")[2])
    assert Image.open(io.BytesIO(picture)).size == (256, 256)


def test_a_run_that_holds_a_connection_waits_for_a_worker_of_its_own(alice, at_openai):
    submit_figure(alice)
    assert (len(waiting_jobs(QueueName.AI_STREAMING)), waiting_jobs()) == (1, [])


def test_the_record_names_the_photo_and_holds_neither_it_nor_a_key(alice, at_openai):
    task = run_to_the_end(alice)
    step, [job] = step_of(task.id), at_openai.jobs
    assert step.request["image"][0] == f"asset {task.input['assetId']}"
    assert (step.request["options"], step.response["requestId"]) == (SMALL, job.id)
    assert step.usage["totalTokens"] == 1406
    for secret in (KEY, "base64", "b64_json"):
        assert secret not in f"{step.request} {step.response} {step.usage}"


FAILURES = [
    (Fault("moderation"), FailureCode.REJECTED, 0),
    (Fault("invalid-image"), FailureCode.INVALID_INPUT, 0),
    (Fault("insufficient-quota"), FailureCode.PROVIDER, 0),
    (Fault("retired"), FailureCode.PROVIDER, 0),
    (Fault("server-error", {"status": 500}), FailureCode.PROVIDER, 0),
    (Fault("gateway", {"status": 504}), FailureCode.TIMEOUT, 0),
    (Fault("cut"), FailureCode.TIMEOUT, 1),
    (Fault("ends-early"), FailureCode.TIMEOUT, 1),
    (Fault("stream-error"), FailureCode.PROVIDER, 1),
    (Fault("stream-error", {"code": "moderation_blocked"}), FailureCode.REJECTED, 1),
    (Fault("html"), FailureCode.PROVIDER, 1),
    (Fault("no-picture"), FailureCode.PROVIDER, 1),
]


@pytest.mark.parametrize(("scripted", "code", "paid"), FAILURES)
def test_a_run_that_fails_at_openai_says_why_and_gives_the_credits_back_once(alice, at_openai, scripted, code, paid):
    at_openai.script(scripted.name, **scripted.values)
    task = run_to_the_end(alice)
    assert (task.status, task.error_code, task.error_message) == ("failed", code, SENTENCES[code])
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert (at_openai.requests["edits"], len(at_openai.jobs)) == (1, paid)
    assert books_are_right()
    assert KEY not in f"{step_of(task.id)} {events_of(task.id)}"


def test_a_step_that_is_not_done_in_its_time_ends_the_run_and_is_not_repeated(alice, at_openai):
    with transaction() as session:
        configure_step(session, "figme", "image-gen", timeout_s=2)
    at_openai.script("silence")
    task = run_to_the_end(alice)
    assert (task.status, task.error_code, balance_of(alice).available) == ("failed", FailureCode.TIMEOUT, 100)
    assert len(at_openai.jobs) == 1


def test_a_run_that_was_turned_away_by_the_rate_limit_is_paid_for_once_in_the_end(alice, at_openai):
    at_openai.script("rate-limited", "rate-limited", "")
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance) == ("completed", 80)
    assert (at_openai.requests["edits"], len(at_openai.jobs)) == (3, 1)


def test_a_rate_limit_that_does_not_end_gives_the_credits_back(alice, at_openai):
    at_openai.script(*["rate-limited"] * MOST_ATTEMPTS)
    task = run_to_the_end(alice)
    assert (task.status, task.error_code, balance_of(alice).available) == ("failed", FailureCode.RATE_LIMITED, 100)
    assert at_openai.requests["edits"] == 4


def test_a_worker_that_dies_before_it_asked_leaves_the_work_to_the_next(alice, at_openai, monkeypatch):
    task = submit_figure(alice)
    with monkeypatch.context() as patch:
        patch.setattr(OpenAIAdapter, "start", lambda *_: (_ for _ in ()).throw(Killed()))
        run_and_die(task.id)
    expire_lease(task.id)
    run_task(task.id)
    assert load_task(task.id).status == "completed"
    assert len(at_openai.jobs) == 1


def test_a_run_is_done_by_gemini_and_charged_once(alice, at_gemini):
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance, len(at_gemini.jobs)) == ("completed", 80, 1)
    assert step_of(task.id).response["responseId"] == "gemini-response-1"
    assert KEY not in f"{step_of(task.id)} {events_of(task.id)}"


@pytest.mark.parametrize(
    ("scripted", "code", "paid"),
    [
        (Fault("refused", {"reason": "IMAGE_SAFETY"}), FailureCode.REJECTED, 1),
        (Fault("blocked"), FailureCode.REJECTED, 1),
        (Fault("refused", {"reason": "NO_IMAGE"}), FailureCode.PROVIDER, 1),
        (Fault("prepaid"), FailureCode.PROVIDER, 0),
        (Fault("retired"), FailureCode.PROVIDER, 0),
        (Fault("server-error", {"status": 500}), FailureCode.PROVIDER, 0),
        (Fault("cut"), FailureCode.TIMEOUT, 1),
        (Fault("html"), FailureCode.PROVIDER, 1),
    ],
)
def test_a_run_that_fails_at_gemini_says_why_and_gives_the_credits_back_once(alice, at_gemini, scripted, code, paid):
    at_gemini.script(scripted.name, **scripted.values)
    task = run_to_the_end(alice)
    assert (task.status, task.error_code, task.error_message) == ("failed", code, SENTENCES[code])
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert (at_gemini.requests["generateContent"], len(at_gemini.jobs)) == (1, paid)
    assert books_are_right()
