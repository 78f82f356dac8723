"""Keeping what a tool made, and what becomes of what nobody kept."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.service import sweep_unsaved_outputs
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.base import utcnow
from tests.factories import submit_figure, upload_photo

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("redis")]


def make_output(viewer, **columns):
    """A figure that FigMe made for the viewer and nobody saved, with a preview in the store."""
    task = submit_figure(viewer)
    key = f"outputs/{viewer.id}/{task.id}/figure.glb"
    asset = Asset(
        user_id=viewer.id,
        task_id=task.id,
        kind=AssetKind.MODEL,
        bucket=PRIVATE_BUCKET,
        storage_key=key,
        preview_key=f"{key}.preview.webp",
        filename="figure.glb",
        mime="model/gltf-binary",
        size=4,
        verified_at=utcnow(),
        **columns,
    )
    for name in asset.stored_keys:
        get_storage().put(PRIVATE_BUCKET, name, b"glTF", mime="model/gltf-binary")
    with transaction() as session:
        session.add(asset)
    return asset.id, key


def row(asset_id):
    with reading() as session:
        return session.exec(select(Asset).where(Asset.id == asset_id)).one_or_none()


def grow_old(asset_id):
    with transaction() as session:
        old = utcnow() - timedelta(days=31)
        session.execute(sa.update(Asset).where(col(Asset.id) == asset_id).values(created_at=old))


def test_a_result_is_saved_once_and_stays_saved(alice, alice_client):
    asset_id, _ = make_output(alice)
    first = alice_client.post(f"/api/assets/{asset_id}/save")
    assert (first.status_code, first.json()["asset"]["savedAt"] is not None) == (200, True)
    assert (
        alice_client.post(f"/api/assets/{asset_id}/save").json()["asset"]["savedAt"] == first.json()["asset"]["savedAt"]
    )


def test_a_model_is_shown_by_its_preview(alice, alice_client):
    asset_id, key = make_output(alice)
    shown = alice_client.get(f"/api/assets/{asset_id}").json()["asset"]
    assert f"{key}.preview.webp" in shown["previewUrl"]


def test_nobody_saves_what_is_not_theirs(alice, bob_client):
    asset_id, _ = make_output(alice)
    assert bob_client.post(f"/api/assets/{asset_id}/save").status_code == 404
    assert row(asset_id).saved_at is None


def test_an_upload_is_no_result_to_save(alice, alice_client):
    assert alice_client.post(f"/api/assets/{upload_photo(alice)}/save").status_code == 404


def test_what_nobody_saved_goes_after_thirty_days_with_its_preview(alice):
    asset_id, key = make_output(alice)
    grow_old(asset_id)
    with transaction() as session:
        assert sweep_unsaved_outputs(session) == 1
    assert row(asset_id) is None
    assert get_storage().head(PRIVATE_BUCKET, key) is get_storage().head(PRIVATE_BUCKET, f"{key}.preview.webp") is None


def test_what_is_saved_or_young_stays(alice):
    saved, _ = make_output(alice, saved_at=utcnow())
    grow_old(saved)
    young, _ = make_output(alice)
    with transaction() as session:
        assert sweep_unsaved_outputs(session) == 0
    assert row(saved) is not None
    assert row(young) is not None
