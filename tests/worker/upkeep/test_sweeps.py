"""What is swept: uploads that nothing ever used, files that no row names, and nothing else."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from tests.factories import change_task, load_task, submit, upload_photo
from tests.worker.engine import Killed, cancel, output_files, run_and_die
from worker.runs.run import run_task
from worker.upkeep.leftovers import sweep_leftovers
from worker.upkeep.sweeps import sweep_everything

pytestmark = pytest.mark.both_databases


def upload_of_yesterday(viewer):
    asset_id = upload_photo(viewer)
    with transaction() as session:
        yesterday = utcnow() - timedelta(hours=25)
        session.execute(sa.update(Asset).where(col(Asset.id) == asset_id).values(created_at=yesterday))
    return asset_id


def upload_is_there(viewer, asset_id):
    with reading() as session:
        row = session.get(Asset, asset_id)
    key = row.storage_key if row else f"uploads/{viewer.id}/{asset_id}"
    file = get_storage().head(PRIVATE_BUCKET, key)
    assert (row is None) == (file is None)
    return row is not None


def test_uploads_that_nothing_used_for_a_day_are_swept_with_their_files(alice, redis):
    used, unused, fresh = upload_of_yesterday(alice), upload_of_yesterday(alice), upload_photo(alice)
    submit(alice, asset_id=used)
    sweep_everything()
    assert [upload_is_there(alice, asset_id) for asset_id in (used, unused, fresh)] == [True, False, True]


def test_what_tools_made_is_never_swept(alice, provider):
    task = submit(alice)
    run_task(task.id)
    with transaction() as session:
        session.execute(sa.update(Asset).values(created_at=utcnow() - timedelta(days=400)))
    sweep_everything()
    with reading() as session:
        assert len(session.exec(select(Asset.id)).all()) == 2
    assert len(output_files(task.id, alice)) == 1


def leave_a_file(task_id, viewer, attempt=1):
    """As a worker does that is killed between the store and the database."""
    key = f"outputs/{viewer.id}/{task_id}/remove-{attempt}-0.png"
    get_storage().put(PRIVATE_BUCKET, key, b"half a result", mime="image/png")


def test_what_a_killed_attempt_stored_is_swept_once_the_task_has_ended(alice, provider):
    provider.answers(Killed())
    task = submit(alice)
    run_and_die(task.id)
    run_task(task.id)
    leave_a_file(task.id, alice)
    assert sweep_leftovers(settled_after_s=0) == 1
    assert output_files(task.id, alice) == ["remove-2-0.png"]
    assert sweep_leftovers(settled_after_s=0) == 0


def test_what_a_cancelled_run_stored_is_swept(alice, provider):
    task = submit(alice)
    cancel(alice, task.id)
    leave_a_file(task.id, alice)
    assert sweep_leftovers(settled_after_s=0) == 1
    assert output_files(task.id, alice) == []


def test_a_task_that_has_just_ended_is_left_alone_for_a_while(alice, provider):
    task = submit(alice)
    cancel(alice, task.id)
    assert sweep_leftovers() == 0
    change_task(task.id, finished_at=utcnow() - timedelta(minutes=2))
    assert sweep_leftovers() == 1


def test_a_run_that_went_well_at_once_has_nothing_to_sweep(alice, provider):
    task = submit(alice)
    run_task(task.id)
    assert load_task(task.id).files_swept_at is not None


def test_one_sweep_that_breaks_leaves_the_others_alone(alice, redis, monkeypatch):
    unused = upload_of_yesterday(alice)
    monkeypatch.setattr("worker.upkeep.sweeps.sweep_expired_sessions", lambda _session: 1 / 0)
    monkeypatch.setattr("worker.upkeep.sweeps.sweep_leftovers", lambda: 1 / 0)
    sweep_everything()
    assert not upload_is_there(alice, unused)
