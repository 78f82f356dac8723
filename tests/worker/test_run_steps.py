"""A tool of several steps: each is done once, and the whole is charged once, at the end."""

import pytest
from sqlmodel import col, select

from funmagic.db import reading
from funmagic.models.assets import Asset
from funmagic.models.tasks import TaskStep
from funmagic.tools.kinds import TOOL_KINDS, InputField, StepKind, ToolKind
from tests.factories import balance_of, load_task, submit
from tests.worker.conftest import DONE, OUTPUT, Killed, events_of, run_and_die
from worker.providers.base import ProviderUnavailable
from worker.run import run_task

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
