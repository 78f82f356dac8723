"""A tool of several steps: each is done once, and the whole is charged once, at the end."""

import pytest
from sqlmodel import col, select

from funmagic.catalogue.kinds import InputField, StepKind, ToolKind
from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.core.db import reading, transaction
from funmagic.core.queues import QueueName
from funmagic.models.assets import Asset
from funmagic.models.tasks import TaskStep
from funmagic.models.tools import Tool
from tests.factories import balance_of, configure_step, load_task, submit, submit_figure, submit_figure_3d
from tests.worker.engine import DONE, OUTPUT, Killed, events_of, run_and_die, take_jobs, waiting_jobs
from worker.clock import wake_due_tasks
from worker.providers.base import Done, ProviderUnavailable
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases

PHOTO = InputField("assetId", "image", "Photo")


@pytest.fixture
def pipeline(provider, monkeypatch):
    steps = (
        StepKind("remove", "Cut out", "cut", 5, "scripted", inputs=(PHOTO,)),
        StepKind("carve", "Carve", "carve", 7, "scripted"),
    )
    monkeypatch.setitem(TOOL_KINDS, "background-remove", ToolKind("background-remove", steps))
    return provider


def statuses(task_id):
    with reading() as session:
        steps = select(TaskStep.status).where(TaskStep.task_id == task_id).order_by(col(TaskStep.position))
        return list(session.exec(steps))


def test_every_step_is_done_before_the_run_is_charged(alice, pipeline):
    task = submit(alice)
    run_task(task.id)
    assert [work.operation for work in pipeline.works] == ["cut", "carve"]
    assert statuses(task.id) == ["completed", "completed"]
    assert (load_task(task.id).status, balance_of(alice).balance) == ("completed", 88)
    told = [event["type"] for event in events_of(task.id)]
    assert told == ["step_started", "step_completed", "step_started", "step_completed", "completed"]


def test_a_step_is_given_what_the_step_before_it_made(alice, pipeline):
    run_task(submit(alice).id)
    first, second = pipeline.works
    assert first.previous == []
    assert [file.data for file in second.previous] == [OUTPUT.data]


def test_only_the_last_steps_files_are_the_result(alice, pipeline):
    task = submit(alice)
    run_task(task.id)
    with reading() as session:
        made = session.exec(select(Asset.id).where(Asset.task_id == task.id)).all()
    assert len(made) == 2
    assert load_task(task.id).output["assetIds"] == [max(made)]


def test_a_step_that_is_done_is_not_done_again_after_a_crash(alice, pipeline):
    pipeline.answers(DONE, Killed())
    task = submit(alice)
    run_and_die(task.id)
    assert statuses(task.id) == ["completed", "processing"]
    run_task(task.id)
    assert [work.operation for work in pipeline.works] == ["cut", "carve", "carve"]
    assert (load_task(task.id).status, balance_of(alice).balance) == ("completed", 88)


def test_a_later_step_that_fails_gives_everything_back(alice, pipeline):
    pipeline.answers(DONE, ProviderUnavailable("down"))
    task = submit(alice)
    run_task(task.id)
    assert (load_task(task.id).status, balance_of(alice).available) == ("failed", 100)


def test_a_step_of_another_queue_is_left_to_its_own_workers(alice, pipeline):
    with transaction() as session:
        tool = session.exec(select(Tool).where(Tool.slug == "background-remove")).one()
        tool.config = {"steps": {"remove": {"provider": "scripted"}, "carve": {"queue": "ai-streaming"}}}
    task = submit(alice)
    take_jobs()
    run_task(task.id)
    assert statuses(task.id) == ["completed", "processing"]
    wake_due_tasks()
    assert (waiting_jobs(), len(waiting_jobs(QueueName.AI_STREAMING))) == ([], 1)
    run_task(task.id)
    assert (load_task(task.id).status, balance_of(alice).balance) == ("completed", 88)
    told = [event["type"] for event in events_of(task.id)]
    assert told == ["step_started", "step_completed", "step_started", "step_completed", "completed"]


def test_the_first_job_goes_to_the_queue_of_the_first_step(alice, pipeline):
    with transaction() as session:
        tool = session.exec(select(Tool).where(Tool.slug == "background-remove")).one()
        tool.config = {"steps": {"remove": {"provider": "scripted", "queue": "ai-streaming"}}}
    submit(alice)
    assert (waiting_jobs(), len(waiting_jobs(QueueName.AI_STREAMING))) == ([], 1)


def test_only_what_people_came_for_is_saved_by_itself(alice, pipeline):
    run_task(submit(alice).id)
    with reading() as session:
        rows = session.exec(select(Asset.saved_at).where(col(Asset.task_id).is_not(None)).order_by(Asset.id)).all()
    assert [saved_at is not None for saved_at in rows] == [False, True]


def test_the_records_of_a_call_are_kept_with_its_step(alice, pipeline):
    pipeline.answers(Done([OUTPUT], usage={"tokens": 7}, request={"image": "asset 1"}, response={"id": "req-1"}))
    task = submit(alice)
    run_task(task.id)
    with reading() as session:
        step = session.exec(select(TaskStep).where(TaskStep.task_id == task.id, TaskStep.position == 0)).one()
    assert (step.request["image"], step.response["id"], step.usage) == ("asset 1", "req-1", {"tokens": 7})


def test_a_run_is_given_what_its_parent_made(alice, provider):
    for step in ("image-gen", "3d-gen"):
        configure_step("figme", step, provider="scripted")
    figure = submit_figure(alice)
    run_task(figure.id)
    run_task(submit_figure_3d(alice, figure.id).id)
    first, second = provider.works
    assert (first.operation, first.style.image.mime, bool(first.style.prompt)) == ("stylise-image", "image/webp", True)
    assert (second.operation, [file.data for file in second.previous]) == ("image-to-model", [OUTPUT.data])
    assert balance_of(alice).balance == 50
