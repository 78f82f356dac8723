"""A run in the worker, from the claim to its end."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading
from funmagic.core.storage.current import get_storage
from funmagic.models.assets import Asset
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.models.tools import Tool
from funmagic.tasks.failures import SENTENCES
from tests.factories import balance_of, books_are_right, change_task, configure_step, load_task, submit
from tests.worker.engine import DONE, OUTPUT, cancel, events_of, output_files
from worker.providers.base import (
    Done,
    InvalidWork,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases


def outputs_of(task_id):
    with reading() as session:
        return session.exec(select(Asset).where(Asset.task_id == task_id)).all()


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def usage_count():
    with reading() as session:
        return session.exec(select(Tool.usage_count).where(Tool.slug == "background-remove")).one()


def event_types(task_id):
    return [event["type"] for event in events_of(task_id)]


def run(viewer):
    task = submit(viewer)
    run_task(task.id)
    return load_task(task.id)


def assert_nothing_charged(viewer, task):
    balance = balance_of(viewer)
    assert (task.status, balance.balance, balance.reserved) == ("failed", 100, 0)
    assert task.finished_at is not None
    assert outputs_of(task.id) == []
    assert output_files(task.id, viewer) == []
    assert usage_count() == 0
    assert books_are_right()


def test_a_finished_run_is_charged_and_counted(alice, provider):
    task = run(alice)
    balance = balance_of(alice)
    assert (task.status, task.progress, task.error_code) == ("completed", 1, None)
    assert (balance.balance, balance.reserved, balance.lifetime_used) == (95, 0, 5)
    assert usage_count() == 1
    assert provider.calls == ["start"]
    assert books_are_right()


def test_the_output_is_a_private_asset_of_the_owner_saved_to_the_library(alice, provider):
    task = run(alice)
    [asset] = outputs_of(task.id)
    assert task.output == {"assetIds": [asset.id]}
    assert (asset.user_id, asset.visibility, asset.kind) == (alice.id, "private", "image")
    assert (asset.mime, asset.width, asset.height, asset.size) == ("image/png", 64, 48, len(OUTPUT.data))
    assert asset.filename == "photo-background-remove.png"
    assert asset.saved_at is not None
    assert get_storage().get(asset.bucket, asset.storage_key) == OUTPUT.data


def test_the_step_says_what_it_made_and_used(alice, provider):
    step = step_of(run(alice).id)
    assert (step.status, step.usage, step.error) == ("completed", {"seconds": 1}, None)
    assert step.finished_at >= step.started_at


def test_several_outputs_are_all_kept(alice, provider):
    provider.answers(Done([OUTPUT, OUTPUT]))
    task = run(alice)
    assert len(outputs_of(task.id)) == len(output_files(task.id, alice)) == 2


def test_watchers_are_told_from_the_start_to_one_end(alice, provider):
    provider.answers(lambda report: report(0.5) or DONE)
    task = run(alice)
    assert event_types(task.id) == ["step_started", "progress", "step_completed", "completed"]
    assert task.announced_at is not None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProviderError("HTTP 500"), FailureCode.PROVIDER),
        (ProviderUnavailable("down"), FailureCode.PROVIDER),
        (ProviderTimeout("60 s"), FailureCode.TIMEOUT),
        (ProviderRejected("policy"), FailureCode.REJECTED),
        (InvalidWork("not a photo"), FailureCode.INVALID_INPUT),
        (ZeroDivisionError("429 too many requests"), FailureCode.INTERNAL),
    ],
)
def test_an_error_ends_the_run_with_its_sentence_and_gives_the_credits_back(alice, provider, error, code):
    provider.answers(error)
    task = run(alice)
    assert (task.error_code, task.error_message) == (code, SENTENCES[code])
    assert step_of(task.id).status == "failed"
    assert str(error) in step_of(task.id).error
    assert event_types(task.id) == ["step_started", "step_failed", "failed"]
    assert_nothing_charged(alice, task)


def test_what_the_provider_said_stays_with_the_operators(alice, provider):
    provider.answers(ProviderError("key sk-123 is invalid"))
    task = run(alice)
    assert "sk-123" not in task.error_message
    assert "sk-123" not in str(events_of(task.id))


@pytest.mark.parametrize("garbage", [None, Done([None])])
def test_an_answer_that_makes_no_sense_ends_the_run_like_any_error(alice, provider, garbage):
    provider.answers(garbage)
    task = run(alice)
    assert task.error_code == FailureCode.INTERNAL
    assert_nothing_charged(alice, task)


def test_a_provider_that_nobody_knows_fails_the_run(alice, provider):
    configure_step(provider="gone")
    task = run(alice)
    assert task.error_code == FailureCode.PROVIDER
    assert_nothing_charged(alice, task)


def test_an_input_file_that_is_gone_fails_the_run(alice, provider):
    task = submit(alice)
    with reading() as session:
        photo = session.get_one(Asset, task.input["assetId"])
    get_storage().delete(photo.bucket, photo.storage_key)
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.INVALID_INPUT
    assert provider.calls == []
    assert_nothing_charged(alice, load_task(task.id))


def test_an_input_file_of_somebody_else_is_never_read(alice, bob, provider):
    task = submit(alice)
    change_task(task.id, input={"assetId": submit(bob).input["assetId"]})
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.INVALID_INPUT
    assert provider.calls == []


def test_delivering_a_finished_run_again_changes_nothing(alice, provider):
    before = run(alice)
    run_task(before.id)
    assert load_task(before.id) == before
    assert provider.calls == ["start"]
    assert balance_of(alice).balance == 95
    assert event_types(before.id).count("completed") == 1


def test_a_cancelled_run_is_never_started(alice, provider):
    task = submit(alice)
    cancel(alice, task.id)
    run_task(task.id)
    assert provider.calls == []
    assert load_task(task.id).error_code == FailureCode.CANCELLED


def test_a_job_for_a_task_that_does_not_exist_is_harmless(provider):
    run_task("no-such-task")
    assert provider.calls == []
