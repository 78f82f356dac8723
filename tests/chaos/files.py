"""Whether every file is there that must be, whole and of its kind, and no other."""

import io
from collections import Counter
from collections.abc import Callable, Iterator

import trimesh
from PIL import Image
from sqlmodel import Session, col, select

from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import Asset, AssetKind
from funmagic.models.tasks import StepStatus, Task, TaskStatus, TaskStep
from worker.files.clouds import read_ply

MADE_BY = {
    "remove": AssetKind.IMAGE,
    "background-remove": AssetKind.IMAGE,
    "image-gen": AssetKind.IMAGE,
    "3d-gen": AssetKind.MODEL,
    "vggt": AssetKind.POINT_CLOUD,
}


def check_files(session: Session, tasks: list[Task], steps: list[TaskStep]) -> Iterator[str]:
    """Every completed step made one file of its kind, which opens; nothing else lies in the store."""
    assets = {asset.id: asset for asset in session.exec(select(Asset).where(col(Asset.task_id).is_not(None)))}
    yield from _check_rows(assets, tasks, steps)
    stored = set(get_storage().list_keys(PRIVATE_BUCKET, "outputs/"))
    named = {key for asset in assets.values() for key in asset.stored_keys}
    yield from (f"nobody names the file {key}" for key in stored - named)
    yield from (f"the file {key} is missing" for key in named - stored)
    for asset in assets.values():
        if set(asset.stored_keys) <= stored:
            yield from _check_file(asset)


def _check_rows(assets: dict[str, Asset], tasks: list[Task], steps: list[TaskStep]) -> Iterator[str]:
    made = Counter(asset.task_id for asset in assets.values())
    done = Counter(step.task_id for step in steps if step.status == StepStatus.COMPLETED)
    last = {step.task_id: step for step in steps}
    for task in tasks:
        if made[task.id] != done[task.id]:
            yield f"task {task.id} is {task.status} with {done[task.id]} steps done and {made[task.id]} files"
        named = (task.output or {}).get("assetIds", [])
        kinds = [assets[asset_id].kind for asset_id in named if asset_id in assets]
        expected = [MADE_BY[last[task.id].step_id]] if task.status == TaskStatus.COMPLETED else []
        if kinds != expected or len(named) != len(kinds):
            yield f"task {task.id} is {task.status}, and its output is {kinds}"


def _check_file(asset: Asset) -> Iterator[str]:
    storage = get_storage()
    info = storage.head(asset.bucket, asset.storage_key)
    if info is not None and (info.size, info.mime) != (asset.size, asset.mime):
        yield f"the file {asset.storage_key} is not what its row says"
    if asset.preview_key is None and asset.kind != AssetKind.IMAGE:
        yield f"the {asset.kind} {asset.storage_key} has no preview"
    look: Callable[[bytes], object] = {AssetKind.MODEL: _open_model, AssetKind.POINT_CLOUD: read_ply}.get(
        AssetKind(asset.kind), _open_image
    )
    try:
        look(storage.get(asset.bucket, asset.storage_key))
        if asset.preview_key:
            _open_image(storage.get(asset.bucket, asset.preview_key))
    except Exception as error:  # noqa: BLE001 - whatever does not open is wrong
        yield f"the file {asset.storage_key} does not open: {error!r}"


def _open_model(data: bytes) -> None:
    model = trimesh.load(io.BytesIO(data), file_type="glb")
    if not sum(len(mesh.faces) for mesh in model.geometry.values()):
        raise ValueError("no faces")


def _open_image(data: bytes) -> None:
    Image.open(io.BytesIO(data)).load()
