"""What a submission may name: its own tool's styles, its own person's completed runs, and steps that can be bought."""

import pytest

from funmagic.core.db import transaction
from funmagic.core.errors import InvalidInput, NotFound
from funmagic.credits.errors import InsufficientCredits
from funmagic.models.assets import Asset
from funmagic.models.base import new_id, utcnow
from funmagic.tasks.submit import Submission, submit_task
from tests.factories import (
    STYLE,
    balance_of,
    change_task,
    completed_figure,
    submit,
    submit_crystal,
    submit_figure,
    submit_figure_3d,
    upload_photo,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("redis")]


def start(viewer, slug, **fields):
    return submit_task(viewer, Submission(slug, new_id(), **fields))[0]


def test_each_step_of_figme_is_a_run_with_its_own_price(alice):
    parent = completed_figure(alice)
    child = submit_figure_3d(alice, parent.id)
    assert (parent.credits_cost, child.credits_cost) == (20, 30)
    assert ([step.id for step in parent.steps], [step.id for step in child.steps]) == (["image-gen"], ["3d-gen"])
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (80, 30)


def test_crystal_memory_is_one_run_of_two_steps_at_one_price(alice):
    task = submit_crystal(alice)
    assert (task.credits_cost, [step.id for step in task.steps]) == (20, ["background-remove", "vggt"])


@pytest.mark.parametrize("step_id", ["background-remove", "vggt", "nonsense"])
def test_a_part_of_a_pipeline_cannot_be_bought(alice, step_id):
    with pytest.raises(InvalidInput):
        start(alice, "crystal-memory", step_id=step_id, input={"assetId": upload_photo(alice)})
    assert balance_of(alice).reserved == 0


@pytest.mark.parametrize("step_id", [None, "remove", ""])
def test_a_tool_of_separate_steps_must_be_told_which(alice, step_id):
    values = {"assetId": upload_photo(alice), "styleReferenceId": STYLE}
    with pytest.raises(InvalidInput):
        start(alice, "figme", step_id=step_id, input=values)
    assert balance_of(alice).reserved == 0


@pytest.mark.parametrize("style", ["nonsense", "", "../clay"])
def test_a_style_that_the_tool_does_not_offer_is_refused(alice, style):
    with pytest.raises(InvalidInput) as refused:
        submit_figure(alice, style=style)
    assert refused.value.details == {"fields": ["styleReferenceId"]}


def test_the_second_step_needs_a_parent(alice):
    with pytest.raises(InvalidInput) as refused:
        start(alice, "figme", step_id="3d-gen")
    assert refused.value.details == {"field": "parentTaskId"}


def test_somebody_elses_run_is_no_parent(alice, bob):
    parent = completed_figure(bob)
    with pytest.raises(NotFound):
        submit_figure_3d(alice, parent.id)


def test_a_run_of_another_tool_is_no_parent(alice):
    parent = submit(alice)
    change_task(parent.id, status="completed", output={"assetIds": []})
    with pytest.raises(InvalidInput):
        submit_figure_3d(alice, parent.id)


@pytest.mark.parametrize("status", ["pending", "queued", "processing", "failed"])
def test_a_parent_must_be_completed(alice, status):
    parent = submit_figure(alice)
    change_task(parent.id, status=status)
    with pytest.raises(InvalidInput):
        submit_figure_3d(alice, parent.id)


def test_the_second_step_cannot_follow_itself(alice):
    child = submit_figure_3d(alice, completed_figure(alice).id)
    change_task(child.id, status="completed", output={"assetIds": []})
    with pytest.raises(InvalidInput):
        submit_figure_3d(alice, child.id)


def test_a_first_step_has_no_parent(alice):
    parent = completed_figure(alice)
    values = {"assetId": upload_photo(alice), "styleReferenceId": STYLE}
    with pytest.raises(InvalidInput):
        start(alice, "figme", step_id="image-gen", parent_task_id=parent.id, input=values)


def test_a_parent_whose_image_is_gone_is_no_parent_any_more(alice):
    parent, asset_id = completed_figure(alice), upload_photo(alice)
    change_task(parent.id, output={"assetIds": [asset_id]})
    with transaction() as session:
        session.get_one(Asset, asset_id).deleted_at = utcnow()
    with pytest.raises(NotFound):
        submit_figure_3d(alice, parent.id)


def test_the_second_step_takes_no_input(alice):
    parent = completed_figure(alice)
    with pytest.raises(InvalidInput):
        start(alice, "figme", step_id="3d-gen", parent_task_id=parent.id, input={"assetId": upload_photo(alice)})


def test_too_few_credits_start_nothing(alice):
    parent = completed_figure(alice)
    submit_figure_3d(alice, parent.id)
    submit_figure_3d(alice, parent.id)
    with pytest.raises(InsufficientCredits):
        submit_figure_3d(alice, parent.id)
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (80, 60)
