"""What a step is about, gathered in one look: its task, tool and files, and the provider that is to do it."""

import hashlib
import mimetypes
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.catalogue.kinds import StepKind, ToolKind
from funmagic.catalogue.service import kind_of
from funmagic.catalogue.styles import read_styles
from funmagic.core.db import reading
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import ObjectMissing
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.providers import ProviderScope
from funmagic.models.tasks import Task, TaskStep
from funmagic.models.tools import Tool
from worker.providers.accounts import Account, read_account
from worker.providers.base import InputFile, InvalidWork, StyleReference, Work

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
    def is_last_step(self) -> bool:
        """Whether this step's output is the run's output, and not the next step's input."""
        return not self.kind.is_pipeline or self.step_kind == self.kind.steps[-1]

    @property
    def step_kind(self) -> StepKind:
        """What the code knows of the step."""
        return next(kind for kind in self.kind.steps if kind.id == self.step.step_id)


def load_subject(step: TaskStep) -> Subject:
    """Everything about a step; raises InvalidWork for a file that is gone, ProviderUnavailable without its provider."""
    with reading() as session:
        # What runs at a provider that was switched off meanwhile is brought home.
        account = read_account(session, ProviderScope.WEB, step.provider, must_be_active=not step.provider_job_id)
        task, tool = session.execute(FIND_TASK_AND_TOOL, {"task": step.task_id}).one()
        bare = Subject(step, task, tool, account, {}, [])
        fields = {field.name for field in bare.step_kind.inputs if field.type == "image" and field.name in task.input}
        earlier = _previous_outputs(session, task, step)
        assets = _find_files(session, task, [*(task.input[name] for name in fields), *earlier])
    inputs = {name: assets[task.input[name]] for name in fields}
    return Subject(step, task, tool, account, inputs, [assets[asset_id] for asset_id in earlier])


def read_work(subject: Subject) -> Work:
    """The work for the provider; raises InvalidWork when a file is gone, StorageUnavailable without the store."""
    step = subject.step
    values = subject.task.input.items()
    return Work(
        operation=subject.step_kind.operation,
        files={name: _read_file(asset) for name, asset in subject.inputs.items()},
        previous=[_read_file(asset) for asset in subject.previous],
        values={name: value for name, value in values if name not in subject.inputs},
        style=_read_style(subject),
        model=step.model,
        options=step.request.get("options", {}),
        job=step.response.get("job", {}),
        time_left_s=time_left(step),
    )


def time_left(step: TaskStep) -> float:
    """How many seconds its provider still has; the time begins when a job starts there."""
    if step.job_started_at is None:
        return float(step.timeout_s)
    return step.timeout_s - (utcnow() - step.job_started_at).total_seconds()


def _previous_outputs(session: Session, task: Task, step: TaskStep) -> list[str]:
    if step.position == 0:
        parent = session.get(Task, task.parent_task_id) if task.parent_task_id else None
        return (parent.output or {}).get("assetIds", []) if parent else []
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


def _read_style(subject: Subject) -> StyleReference | None:
    field = next((field for field in subject.step_kind.inputs if field.type == "style"), None)
    if field is None:
        return None
    styles = {style.id: style for style in read_styles(subject.tool.config)}
    style = styles.get(subject.task.input.get(field.name, ""))
    if style is None or not style.file.is_file():
        raise InvalidWork(f"the style {subject.task.input.get(field.name)} is gone")
    mime = mimetypes.guess_type(style.file.name)[0] or "image/webp"
    image = InputFile(style.file.read_bytes(), mime, style.file.name, f"style-{style.id}")
    return StyleReference(style.prompt, image)


def _read_file(asset: Asset) -> InputFile:
    try:
        data = get_storage().get(asset.bucket, asset.storage_key)
    except ObjectMissing:
        raise InvalidWork(f"the file of asset {asset.id} is gone") from None
    # An upload address outlives the look we took at the file: other bytes of the same length may lie there by now.
    if asset.sha256 is not None and hashlib.sha256(data).hexdigest() != asset.sha256:
        raise InvalidWork(f"the file of asset {asset.id} was changed")
    return InputFile(data, asset.mime, asset.filename, asset.id)
