"""What the clock sweeps: uploads that nothing ever used, and nothing else."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from funmagic.db import reading, transaction
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET
from tests.factories import submit, upload_photo
from tests.worker.conftest import output_files
from worker.clock import Clock
from worker.run import run_task


def upload_of_yesterday(viewer):
    asset_id = upload_photo(viewer)
    with transaction() as session:
        yesterday = utcnow() - timedelta(hours=25)
        session.execute(sa.update(Asset).where(col(Asset.id) == asset_id).values(created_at=yesterday))
    return asset_id


def upload_is_there(viewer, asset_id):
    with reading() as session:
        row = session.get(Asset, asset_id)
    file = get_storage().head(PRIVATE_BUCKET, f"uploads/{viewer.id}/{asset_id}")
    assert (row is None) == (file is None)
    return row is not None


def test_uploads_that_nothing_used_for_a_day_are_swept_with_their_files(alice, redis):
    used, unused, fresh = upload_of_yesterday(alice), upload_of_yesterday(alice), upload_photo(alice)
    submit(alice, asset_id=used)
    Clock().tick()
    assert [upload_is_there(alice, asset_id) for asset_id in (used, unused, fresh)] == [True, False, True]


def test_what_tools_made_is_never_swept(alice, provider):
    task = submit(alice)
    run_task(task.id)
    with transaction() as session:
        session.execute(sa.update(Asset).values(created_at=utcnow() - timedelta(days=400)))
    Clock().tick()
    with reading() as session:
        assert len(session.exec(select(Asset.id)).all()) == 2
    assert len(output_files(task.id, alice)) == 1
