"""What a step is about, gathered in one look: its task, tool and files, and the provider that is to do it."""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.db import reading
from funmagic.models.assets import Asset
from funmagic.models.tasks import Task, TaskStep
from funmagic.models.tools import Tool
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import ObjectMissing
from funmagic.tools.kinds import StepKind, ToolKind
from funmagic.tools.service import kind_of
from worker.providers.accounts import Account, read_account
from worker.providers.base import InputFile, InvalidWork, Work

# Every attempt asks these.
FIND_TASK_AND_TOOL = (
    sa.select(Task, Tool).join(Tool, col(Tool.id) == col(Task.tool_id)).where(col(Task.id) == sa.bindparam("task"))
)
FIND_FILES = sa.select(Asset).where(col(Asset.id).in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class Subject:
    """A step with everything around it, as the database says; the files are still in the store."""

    step: TaskStep
    task: Task
    tool: Tool
    account: Account
    inputs: dict[str, Asset]
    previous: list[Asset]

    @property
    def kind(self) -> ToolKind:
        """What the code knows of the tool."""
        return kind_of(self.tool)

    @property
    def step_kind(self) -> StepKind:
        """What the code knows of the step."""
        return next(kind for kind in self.kind.steps if kind.id == self.step.step_id)


def load_subject(step: TaskStep) -> Subject:
    """Everything about a step; raises InvalidWork for a file that is gone, ProviderUnavailable without its provider."""
    with reading() as session:
        # What runs at a provider that was switched off meanwhile is brought home.
        account = read_account(session, step.provider, must_be_active=not step.provider_job_id)
        task, tool = session.execute(FIND_TASK_AND_TOOL, {"task": step.task_id}).one()
        bare = Subject(step, task, tool, account, {}, [])
        fields = {field.name for field in bare.step_kind.inputs if field.type == "image" and field.name in task.input}
        earlier = _previous_outputs(session, step)
        assets = _find_files(session, task, [*(task.input[name] for name in fields), *earlier])
    inputs = {name: assets[task.input[name]] for name in fields}
    return Subject(step, task, tool, account, inputs, [assets[asset_id] for asset_id in earlier])


def read_work(subject: Subject) -> Work:
    """The work for the provider; raises InvalidWork when a file is gone, StorageUnavailable without the store."""
    step, values = subject.step, subject.task.input.items()
    return Work(
        operation=subject.step_kind.operation,
        files={name: _read_file(asset) for name, asset in subject.inputs.items()},
        previous=[_read_file(asset) for asset in subject.previous],
        values={name: value for name, value in values if name not in subject.inputs},
        model=step.model,
        options=step.request.get("options", {}),
        job=step.response.get("job", {}),
    )


def _previous_outputs(session: Session, step: TaskStep) -> list[str]:
    if step.position == 0:
        return []
    earlier = select(TaskStep).where(TaskStep.task_id == step.task_id, TaskStep.position == step.position - 1)
    before = session.exec(earlier).first()
    return before.response["assetIds"] if before else []


def _find_files(session: Session, task: Task, asset_ids: list[str]) -> dict[str, Asset]:
    rows = session.execute(FIND_FILES, {"ids": asset_ids}).scalars() if asset_ids else ()
    # Checked at submit, and again here: what a worker reads must be its task's owner's.
    found = {asset.id: asset for asset in rows if asset.user_id == task.user_id and asset.deleted_at is None}
    if missing := set(asset_ids) - set(found):
        raise InvalidWork(f"assets {sorted(missing)} are gone")
    return found


def _read_file(asset: Asset) -> InputFile:
    try:
        data = get_storage().get(asset.bucket, asset.storage_key)
    except ObjectMissing:
        raise InvalidWork(f"the file of asset {asset.id} is gone") from None
    # An upload address outlives the look we took at the file: other bytes of the same length may lie there by now.
    if asset.sha256 is not None and hashlib.sha256(data).hexdigest() != asset.sha256:
        raise InvalidWork(f"the file of asset {asset.id} was changed")
    return InputFile(data, asset.mime, asset.filename, asset.id)
