"""Whole runs of Crystal Memory through fal.ai and Replicate: one price, two steps, and the cloud that is downloaded."""

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.providers.service import set_provider
from funmagic.tasks.failures import SENTENCES
from tests.emulators.fal_faults import Fault
from tests.factories import balance_of, books_are_right, load_task, photo_bytes, sign_in, submit_crystal
from tests.worker.engine import Killed, cancel, events_of, run_and_die
from tests.worker.providers.keys import KEY, REPLICATE_KEY
from tests.worker.providers.replicate.clouds import assert_is_the_subject, load
from worker.providers.replicate.adapter import Adapter as ReplicateAdapter
from worker.runs.run import run_task

pytestmark = pytest.mark.usefixtures("crystal_tool")
MOST_LOOKS = 15
SIZE = (64, 96)


def steps_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id).order_by(col(TaskStep.position))).all()


def assets_of(task_id):
    with reading() as session:
        return {asset.kind: asset for asset in session.exec(select(Asset).where(Asset.task_id == task_id))}


def run_until(task_id, is_reached):
    for _ in range(MOST_LOOKS):
        if is_reached():
            break
        run_task(task_id)


def run_to_the_end(viewer):
    task = submit_crystal(viewer, photo=photo_bytes(*SIZE))
    run_until(task.id, lambda: load_task(task.id).finished_at is not None)
    return load_task(task.id)


def test_a_photo_becomes_a_point_cloud_for_one_price(alice, fal, replicate):
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance, balance_of(alice).reserved) == ("completed", 80, 0)
    assert (len(fal.jobs), len(replicate.jobs)) == (1, 1)
    [job] = replicate.jobs.values()
    cutout = assets_of(task.id)[AssetKind.IMAGE]
    assert job.image == get_storage().get(cutout.bucket, cutout.storage_key), "the second step works on the first's"
    assert books_are_right()


def test_the_cloud_that_is_downloaded_is_the_subject(alice, client: TestClient):
    task = run_to_the_end(alice)
    asset = assets_of(task.id)[AssetKind.POINT_CLOUD]
    answer = sign_in(client, alice).get(f"/api/assets/{asset.id}/download", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.content == get_storage().get(asset.bucket, asset.storage_key)
    assert_is_the_subject(load(answer.content), SIZE)


def test_each_step_records_what_was_asked_and_what_it_took(alice, fal, replicate):
    first, second = steps_of(run_to_the_end(alice).id)
    assert second.request["inputs"][0].startswith("asset ")
    assert (second.provider, second.usage["predictSeconds"]) == ("replicate", 2.5)
    for secret in (KEY, REPLICATE_KEY, "base64", "/v1/files/"):
        assert secret not in f"{first} {second}"


@pytest.mark.parametrize(
    ("scripted", "code", "jobs"),
    [
        (Fault("failed"), FailureCode.PROVIDER, 1),
        (Fault("aborted"), FailureCode.PROVIDER, 1),
        (Fault("bomb"), FailureCode.PROVIDER, 1),
        (Fault("wrong-shape"), FailureCode.PROVIDER, 1),
        (Fault("expired"), FailureCode.PROVIDER, 1),
        (Fault("removed"), FailureCode.PROVIDER, 1),
        (Fault("elsewhere", {"url": "http://192.168.0.1/"}), FailureCode.PROVIDER, 1),
        (Fault("malformed"), FailureCode.PROVIDER, 1),
        (Fault("exhausted"), FailureCode.PROVIDER, 0),
        (Fault("retired-version"), FailureCode.PROVIDER, 0),
        (Fault("bad-input"), FailureCode.INVALID_INPUT, 0),
        (Fault("server-error", {"status": 500}), FailureCode.PROVIDER, 0),
    ],
)
def test_a_second_step_that_fails_gives_everything_back_once(alice, replicate, scripted, code, jobs):
    replicate.script(scripted.name, **scripted.values)
    task = run_to_the_end(alice)
    assert (task.status, task.error_code, task.error_message) == ("failed", code, SENTENCES[code])
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert len(replicate.jobs) == jobs
    assert books_are_right()
    assert REPLICATE_KEY not in f"{steps_of(task.id)} {events_of(task.id)}"


@pytest.mark.parametrize("fault", ["status-limited", "status-error", "status-malformed", "file-error"])
def test_trouble_on_the_way_costs_time_and_nothing_else(alice, replicate, fault):
    replicate.script(fault, times=3)
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance, len(replicate.jobs)) == ("completed", 80, 1)


def test_a_rate_limit_in_the_middle_is_never_noticed(alice, replicate):
    replicate.script("rate-limited", "rate-limited", "")
    task = run_to_the_end(alice)
    assert (task.status, balance_of(alice).balance) == ("completed", 80)
    assert (replicate.requests["create"], len(replicate.jobs)) == (3, 1)


def test_a_submission_that_is_never_answered_ends_the_run_and_is_not_repeated(alice, replicate):
    with transaction() as session:
        set_provider(session, "replicate", config={"requestTimeoutSeconds": 0.5})
    replicate.script("silence")
    task = run_to_the_end(alice)
    assert (task.status, task.error_code) == ("failed", FailureCode.TIMEOUT)
    assert (replicate.requests["create"], balance_of(alice).available) == (1, 100)


def test_a_worker_that_dies_while_polling_leaves_the_prediction_to_the_next(alice, replicate, monkeypatch):
    task = submit_crystal(alice, photo=photo_bytes(*SIZE))
    run_until(task.id, lambda: replicate.jobs)
    with monkeypatch.context() as patch:
        patch.setattr(ReplicateAdapter, "check", lambda *_: (_ for _ in ()).throw(Killed()))
        run_and_die(task.id)
    run_until(task.id, lambda: load_task(task.id).finished_at is not None)
    assert (load_task(task.id).status, len(replicate.jobs)) == ("completed", 1)


def test_a_cancelled_run_is_not_polled_again(alice, replicate):
    replicate.script("never")
    task = submit_crystal(alice, photo=photo_bytes(*SIZE))
    run_until(task.id, lambda: replicate.jobs)
    looked = replicate.requests["status"]
    cancel(alice, task.id)
    run_task(task.id)
    assert (replicate.requests["status"], balance_of(alice).available) == (looked, 100)
