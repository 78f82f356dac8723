"""Gathers what a step's provider needs: the operation, the files and the values of its task."""

import hashlib

from sqlmodel import Session, select

from funmagic.db import reading
from funmagic.models.assets import Asset
from funmagic.models.tasks import Task, TaskStep
from funmagic.models.tools import Tool
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import ObjectMissing
from funmagic.tools.service import kind_of
from worker.providers.base import InputFile, InvalidWork, Work


def prepare_work(task_id: str, step: TaskStep) -> Work:
    """The work of one step; raises InvalidWork when an input file is gone.

    It opens its own session: none may be held while the store is read.
    """
    with reading() as session:
        task = session.get_one(Task, task_id)
        kind = next(kind for kind in kind_of(session.get_one(Tool, task.tool_id)).steps if kind.id == step.step_id)
        image_fields = [field.name for field in kind.inputs if field.type == "image"]
        inputs = {name: _find_file(session, task, task.input[name]) for name in image_fields if name in task.input}
        previous = [_find_file(session, task, asset_id) for asset_id in _previous_outputs(session, step)]
    return Work(
        operation=kind.operation,
        files={name: _read_file(asset) for name, asset in inputs.items()},
        previous=[_read_file(asset) for asset in previous],
        values={name: value for name, value in task.input.items() if name not in image_fields},
        model=step.model,
        options=step.request.get("options", {}),
        job=step.response.get("job", {}),
    )


def _previous_outputs(session: Session, step: TaskStep) -> list[str]:
    earlier = select(TaskStep).where(TaskStep.task_id == step.task_id, TaskStep.position == step.position - 1)
    before = session.exec(earlier).first()
    return before.response["assetIds"] if before else []


def _find_file(session: Session, task: Task, asset_id: str) -> Asset:
    asset = session.get(Asset, asset_id)
    # Checked at submit, and again here: what a worker reads must be its task's owner's.
    if asset is None or asset.user_id != task.user_id or asset.deleted_at is not None:
        raise InvalidWork(f"asset {asset_id} is gone")
    return asset


def _read_file(asset: Asset) -> InputFile:
    try:
        data = get_storage().get(asset.bucket, asset.storage_key)
    except ObjectMissing:
        raise InvalidWork(f"the file of asset {asset.id} is gone") from None
    # An upload address outlives the look we took at the file: other bytes of the same length may lie there by now.
    if asset.sha256 is not None and hashlib.sha256(data).hexdigest() != asset.sha256:
        raise InvalidWork(f"the file of asset {asset.id} was changed")
    return InputFile(data, asset.mime, asset.filename, asset.id)
