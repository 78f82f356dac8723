"""Whole FigMe runs whose second step is done by Tripo: what people are told, are charged, and Tripo is paid for."""

import io

import pytest
import trimesh
from sqlmodel import select

from funmagic.catalogue.configure import configure_step as set_step
from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.models.assets import Asset
from funmagic.models.base import db_time
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.providers.service import set_provider
from funmagic.tasks.failures import SENTENCES
from tests.emulators.fal_faults import Fault
from tests.factories import (
    balance_of,
    books_are_right,
    configure_step,
    load_task,
    submit_figure,
    submit_figure_3d,
)
from tests.worker.engine import Killed, cancel, events_of, run_and_die
from tests.worker.providers.keys import TRIPO_KEY
from worker.providers.tripo.adapter import Adapter as TripoAdapter
from worker.runs.run import run_task

pytestmark = pytest.mark.usefixtures("figure_tool")
MOST_LOOKS = 10
# 100 welcome credits, of which the image took 20 and the model takes 30.
WITH_IMAGE, WITH_MODEL = 80, 50


@pytest.fixture
def figure(provider, alice) -> str:
    """A stylised image of Alice's that is ready to become a model; its task's id."""
    configure_step("figme", "image-gen", provider="scripted")
    task = submit_figure(alice)
    run_task(task.id)
    assert load_task(task.id).status == "completed"
    return task.id


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def run_to_the_end(viewer, figure):
    task = submit_figure_3d(viewer, figure)
    for _ in range(MOST_LOOKS):
        run_task(task.id)
        if load_task(task.id).finished_at is not None:
            break
    return load_task(task.id)


def test_a_figure_becomes_a_model_that_is_charged_once(alice, figure, tripo):
    task = run_to_the_end(alice, figure)
    assert (task.status, balance_of(alice).balance, balance_of(alice).reserved) == ("completed", WITH_MODEL, 0)
    with reading() as session:
        [asset] = session.exec(select(Asset).where(Asset.task_id == task.id))
    scene = trimesh.load_scene(io.BytesIO(get_storage().get(asset.bucket, asset.storage_key)), file_type="glb")
    assert (asset.mime, asset.meta["faces"]) == ("model/gltf-binary", 320)
    assert sum(len(mesh.faces) for mesh in scene.geometry.values()) == 320
    assert len(tripo.jobs) == 1
    assert books_are_right()


def test_the_worker_is_given_back_while_tripo_works(alice, figure, tripo):
    tripo.script("never")
    task = submit_figure_3d(alice, figure)
    run_task(task.id)
    [job] = tripo.jobs.values()
    assert step_of(task.id).provider_job_id == job.id
    assert (load_task(task.id).status, load_task(task.id).lease_token) == ("processing", None)
    assert balance_of(alice).reserved == 30


def test_the_record_names_the_image_and_holds_neither_it_nor_a_key_nor_an_address(alice, figure, tripo):
    with reading() as session:
        [image] = session.exec(select(Asset).where(Asset.task_id == figure))
    task = run_to_the_end(alice, figure)
    step = step_of(task.id)
    assert step.request["input"] == f"asset {image.id}"
    assert (step.request["model"], step.request["options"]) == ("v3.1-20260211", {})
    for secret in (TRIPO_KEY, "sig=", "base64", "models/"):
        assert secret not in f"{step} {step.request} {step.response} {events_of(task.id)}"


ENDS = [
    (Fault("rejected"), FailureCode.REJECTED, 0),
    (Fault("invalid"), FailureCode.INVALID_INPUT, 0),
    (Fault("exhausted"), FailureCode.PROVIDER, 0),
    (Fault("unknown-model"), FailureCode.PROVIDER, 0),
    (Fault("server-error"), FailureCode.PROVIDER, 0),
    (Fault("gateway", {"status": 504}), FailureCode.TIMEOUT, 0),
    (Fault("upload-error"), FailureCode.PROVIDER, 0),
    (Fault("malformed"), FailureCode.PROVIDER, 1),
    (Fault("strange-name", {"name": "../account"}), FailureCode.PROVIDER, 1),
    (Fault("failed"), FailureCode.PROVIDER, 1),
    (Fault("failed-content"), FailureCode.REJECTED, 1),
    (Fault("banned"), FailureCode.REJECTED, 1),
    (Fault("cancelled"), FailureCode.PROVIDER, 1),
    (Fault("expired-task"), FailureCode.PROVIDER, 1),
    (Fault("html"), FailureCode.PROVIDER, 1),
    (Fault("empty-scene"), FailureCode.NO_SUBJECT, 1),
    (Fault("bomb"), FailureCode.PROVIDER, 1),
    (Fault("expired"), FailureCode.PROVIDER, 1),
    (Fault("elsewhere", {"url": "http://169.254.169.254/"}), FailureCode.PROVIDER, 1),
]


@pytest.mark.parametrize("end", ENDS)
def test_a_run_that_fails_says_why_and_gives_the_credits_back_once(alice, figure, tripo, end):
    scripted, code, jobs = end
    tripo.script(scripted.name, **scripted.values)
    task = run_to_the_end(alice, figure)
    assert (task.status, task.error_code, task.error_message) == ("failed", code, SENTENCES[code])
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (WITH_IMAGE, 0)
    assert len(tripo.jobs) == jobs
    assert books_are_right()
    assert TRIPO_KEY not in f"{step_of(task.id)} {events_of(task.id)}"


@pytest.mark.parametrize(
    "fault",
    ["status-limited", "status-error", "status-malformed", "status-refused", "status-inside-200", "file-error"],
)
def test_trouble_on_the_way_costs_time_and_nothing_else(alice, figure, tripo, fault):
    tripo.script(fault, times=3)
    task = run_to_the_end(alice, figure)
    assert (task.status, balance_of(alice).balance) == ("completed", WITH_MODEL)
    assert len(tripo.jobs) == 1


@pytest.mark.parametrize("fault", ["rate-limited", "limited-inside-200", "upload-limited"])
def test_a_run_that_was_turned_away_by_the_rate_limit_is_created_once_in_the_end(alice, figure, tripo, fault):
    tripo.script(fault, fault, "")
    task = run_to_the_end(alice, figure)
    assert (task.status, balance_of(alice).balance) == ("completed", WITH_MODEL)
    assert (tripo.requests["upload"], len(tripo.jobs)) == (3, 1)


def test_a_creation_that_is_never_answered_ends_the_run_and_is_not_repeated(alice, figure, tripo):
    with transaction() as session:
        set_provider(session, "tripo", config={"requestTimeoutSeconds": 3})
    tripo.script("silence")
    task = run_to_the_end(alice, figure)
    assert (task.status, task.error_code) == ("failed", FailureCode.TIMEOUT)
    assert (tripo.requests["create"], balance_of(alice).available) == (1, WITH_IMAGE)


def test_a_task_that_outlasts_the_step_ends_the_run_though_tripo_cannot_be_told(alice, figure, tripo):
    configure_step("figme", "3d-gen", provider="tripo", timeoutSeconds=10)
    tripo.script("never")
    task = submit_figure_3d(alice, figure)
    run_task(task.id)
    with transaction() as session:
        step = session.exec(select(TaskStep).where(TaskStep.task_id == task.id)).one()
        step.job_started_at = db_time(-11)
    run_task(task.id)
    ended = load_task(task.id)
    assert (ended.status, ended.error_code) == ("failed", FailureCode.TIMEOUT)
    assert (len(tripo.jobs), balance_of(alice).available) == (1, WITH_IMAGE)


def test_what_an_admin_set_of_the_model_reaches_tripo(alice, figure, tripo):
    with transaction() as session:
        set_step(session, "figme", "3d-gen", model="P1-20260311", options={"face_limit": 5000})
    run_to_the_end(alice, figure)
    [job] = tripo.jobs.values()
    assert (job.arguments["model"], job.arguments["face_limit"]) == ("P1-20260311", 5000)


def test_a_worker_that_dies_while_polling_leaves_the_task_to_the_next(alice, figure, tripo, monkeypatch):
    task = submit_figure_3d(alice, figure)
    run_task(task.id)
    with monkeypatch.context() as patch:
        patch.setattr(TripoAdapter, "check", lambda *_: (_ for _ in ()).throw(Killed()))
        run_and_die(task.id)
    run_task(task.id)
    assert load_task(task.id).status == "completed"
    assert len(tripo.jobs) == 1


def test_a_cancelled_run_is_not_polled_again(alice, figure, tripo):
    task = submit_figure_3d(alice, figure)
    run_task(task.id)
    cancel(alice, task.id)
    run_task(task.id)
    assert tripo.requests == {"upload": 1, "create": 1}
    assert balance_of(alice).available == WITH_IMAGE
