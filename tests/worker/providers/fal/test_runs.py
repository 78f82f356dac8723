"""Whole runs through fal.ai: what the person is told, what is charged, and how many jobs fal was given."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.models.assets import Asset
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.providers.service import set_provider
from funmagic.tasks.failures import SENTENCES
from tests.emulators.fal_faults import Fault
from tests.factories import balance_of, books_are_right, configure_step, load_task, submit
from tests.worker.engine import Killed, cancel, events_of, run_and_die
from tests.worker.providers.keys import KEY
from worker.providers.fal.adapter import Adapter as FalAdapter
from worker.runs.run import run_task

pytestmark = pytest.mark.usefixtures("fal_tool")
MOST_LOOKS = 10


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def run_to_the_end(viewer):
    task = submit(viewer)
    for _ in range(MOST_LOOKS):
        run_task(task.id)
        if load_task(task.id).finished_at is not None:
            break
    return load_task(task.id)


def test_a_run_is_done_by_fal_and_charged_once(alice, fal):
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance, balance_of(alice).reserved) == ("completed", 95, 0)
    with reading() as session:
        [asset] = session.exec(select(Asset).where(Asset.task_id == task.id))
    assert (asset.mime, asset.width, asset.height) == ("image/png", 96, 72)
    assert get_storage().get(asset.bucket, asset.storage_key).startswith(b"\x89PNG")
    assert sum(fal.digests.values()) == 1
    assert books_are_right()


def test_the_worker_is_given_back_while_fal_works(alice, fal):
    fal.script("never")
    task = submit(alice)
    run_task(task.id)
    [job] = fal.jobs.values()
    assert step_of(task.id).provider_job_id == job.id
    assert (load_task(task.id).status, load_task(task.id).lease_token) == ("processing", None)
    assert balance_of(alice).reserved == 5


def test_the_record_names_the_photo_and_holds_neither_it_nor_a_key(alice, fal):
    fal.script("never")
    task = submit(alice)
    run_task(task.id)
    run_task(task.id)
    step = step_of(task.id)
    assert step.request == {
        "options": {},
        "model": "fal-ai/bria/background/remove",
        "sync_mode": False,
        "image_url": f"asset {task.input['assetId']}",
    }
    assert KEY not in str(step)
    assert "base64" not in str(step)


@pytest.mark.parametrize(
    ("scripted", "code", "jobs"),
    [
        (Fault("rejected"), FailureCode.REJECTED, 1),
        (Fault("image-load-error"), FailureCode.INVALID_INPUT, 1),
        (Fault("html"), FailureCode.PROVIDER, 1),
        (Fault("other-size"), FailureCode.PROVIDER, 1),
        (Fault("expired"), FailureCode.PROVIDER, 1),
        (Fault("redirect", {"to": "http://192.168.0.1/"}), FailureCode.PROVIDER, 1),
        (Fault("result-timed-out"), FailureCode.TIMEOUT, 1),
        (Fault("foreign-addresses", {"base": "https://evil.example"}), FailureCode.PROVIDER, 1),
        (Fault("malformed"), FailureCode.PROVIDER, 1),
        (Fault("exhausted"), FailureCode.PROVIDER, 0),
        (Fault("server-error", {"status": 500}), FailureCode.PROVIDER, 0),
        (Fault("server-error", {"status": 504}), FailureCode.TIMEOUT, 0),
    ],
)
def test_a_run_that_fails_says_why_and_gives_the_credits_back_once(alice, fal, scripted, code, jobs):
    fal.script(scripted.name, **scripted.values)
    task = run_to_the_end(alice)
    assert (task.status, task.error_code, task.error_message) == ("failed", code, SENTENCES[code])
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert sum(fal.digests.values()) == jobs
    assert books_are_right()
    assert KEY not in f"{step_of(task.id)} {events_of(task.id)}"


@pytest.mark.parametrize(
    "fault", ["status-limited", "status-error", "status-malformed", "result-gateway", "file-error"]
)
def test_trouble_on_the_way_costs_time_and_nothing_else(alice, fal, fault):
    fal.script(fault, times=3)
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance) == ("completed", 95)
    assert sum(fal.digests.values()) == 1


def test_a_run_that_was_turned_away_by_the_rate_limit_is_submitted_once_in_the_end(alice, fal):
    fal.script("rate-limited", "rate-limited", "")
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance) == ("completed", 95)
    assert (fal.requests["submit"], sum(fal.digests.values())) == (3, 1)


def test_a_job_that_takes_too_long_ends_the_run_and_is_cancelled_at_fal(alice, fal):
    configure_step(provider="fal", timeoutSeconds=0)
    fal.script("never")
    task = run_to_the_end(alice)
    assert (task.status, task.error_code) == ("failed", FailureCode.TIMEOUT)
    assert [job.cancelled for job in fal.jobs.values()] == [True]
    assert balance_of(alice).available == 100


def test_a_submission_that_is_never_answered_ends_the_run_and_is_not_repeated(alice, fal):
    with transaction() as session:
        set_provider(session, "fal", config={"requestTimeoutSeconds": 0.5})
    fal.script("silence")
    task = run_to_the_end(alice)
    assert (task.status, task.error_code) == ("failed", FailureCode.TIMEOUT)
    assert (fal.requests["submit"], balance_of(alice).available) == (1, 100)


def test_a_worker_that_dies_while_polling_leaves_the_job_to_the_next(alice, fal, monkeypatch):
    task = submit(alice)
    run_task(task.id)
    with monkeypatch.context() as patch:
        patch.setattr(FalAdapter, "check", lambda *_: (_ for _ in ()).throw(Killed()))
        run_and_die(task.id)
    run_task(task.id)
    assert load_task(task.id).status == "completed"
    assert sum(fal.digests.values()) == 1


def test_a_cancelled_run_is_not_polled_again(alice, fal):
    task = submit(alice)
    run_task(task.id)
    cancel(alice, task.id)
    run_task(task.id)
    assert fal.requests == {"submit": 1}
    assert balance_of(alice).available == 100
