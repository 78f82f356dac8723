"""A task as its owner may see it: no prompt, no provider, no internal option."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from funmagic.core.json import Shape
from funmagic.core.storage.current import get_storage
from funmagic.i18n.translate import _
from funmagic.models.assets import Asset
from funmagic.models.tasks import ACTIVE_STATUSES, IN_LINE, StepStatus, Task, TaskStep
from funmagic.models.tools import Tool


class OutputAsset(Shape):
    """A file that a task made, with an address that is good for an hour."""

    id: str
    kind: str
    filename: str
    mime: str
    size: int
    url: str
    meta: dict[str, Any]


class TaskOutput(Shape):
    """Everything a task made."""

    assets: list[OutputAsset]


class TaskError(Shape):
    """Why a task failed, as a code and as a sentence."""

    code: str
    message: str


class TaskStepView(Shape):
    """How far a step is, from 0 to 1."""

    id: str
    status: str
    progress: float


class TaskView(Shape):
    """A task with its steps, its output and its children."""

    id: str
    tool_slug: str
    step_id: str | None
    parent_task_id: str | None
    status: str
    credits_cost: int
    progress: float
    current_step: str | None
    input: dict[str, Any]
    output: TaskOutput | None
    error: TaskError | None
    steps: list[TaskStepView]
    children: list["TaskView"]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether the task still has something to do."""
        return self.status in ACTIVE_STATUSES

    @property
    def is_in_line(self) -> bool:
        """Whether no worker has begun with it."""
        return self.status in IN_LINE


class TaskPage(Shape):
    """Tasks, newest first."""

    tasks: list[TaskView]
    next_cursor: str | None


def view_tasks(session: Session, tasks: list[Task], *, with_children: bool = False) -> list[TaskView]:
    """The views of some tasks, in a fixed number of queries however many there are."""
    children = _children_of(session, tasks) if with_children else []
    everyone = [*tasks, *children]
    used_tools = select(Tool.id, Tool.slug).where(col(Tool.id).in_({task.tool_id for task in everyone}))
    slugs = {tool_id: slug for tool_id, slug in session.exec(used_tools)}  # noqa: C416 - dict() takes a Result for a mapping
    ids = [task.id for task in everyone]
    steps = session.exec(select(TaskStep).where(col(TaskStep.task_id).in_(ids)).order_by(col(TaskStep.position))).all()
    assets = _assets_by_id(session, everyone)
    views = {
        task.id: _view(task, slugs[task.tool_id], [step for step in steps if step.task_id == task.id], assets)
        for task in everyone
    }
    return [
        views[task.id].model_copy(
            update={"children": [views[child.id] for child in children if child.parent_task_id == task.id]}
        )
        for task in tasks
    ]


def view_new_task(task: Task, steps: list[TaskStep], tool_slug: str) -> TaskView:
    """The view of a task just inserted with these values, without asking the database for what is known."""
    return _view(task, tool_slug, steps, {})


def view_output(session: Session, task: Task) -> TaskOutput:
    """Everything a completed task made."""
    return _output(task, _assets_by_id(session, [task]))


def view_error(task: Task) -> TaskError | None:
    """Why a task failed; None when it did not."""
    message = task.error_message or ""
    return TaskError(code=task.error_code, message=_(message)) if task.error_code else None


def output_asset(asset: Asset) -> OutputAsset:
    """An asset with a fresh address; what is no image has one of a picture of it, too, as `previewUrl` of its meta."""
    meta = {"width": asset.width, "height": asset.height, **asset.meta}
    if asset.preview_key:
        meta["previewUrl"] = get_storage().presign_get(asset.bucket, asset.preview_key)
    return OutputAsset(
        id=asset.id,
        kind=asset.kind,
        filename=asset.filename,
        mime=asset.mime,
        size=asset.size,
        url=get_storage().presign_get(asset.bucket, asset.storage_key),
        meta=meta,
    )


def _children_of(session: Session, tasks: list[Task]) -> list[Task]:
    parents = [task.id for task in tasks]
    query = select(Task).where(col(Task.parent_task_id).in_(parents), col(Task.deleted_at).is_(None))
    return list(session.exec(query.order_by(col(Task.id))).all())


def _assets_by_id(session: Session, tasks: list[Task]) -> dict[str, Asset]:
    ids = {asset_id for task in tasks for asset_id in (task.output or {}).get("assetIds", [])}
    rows = session.exec(select(Asset).where(col(Asset.id).in_(ids), col(Asset.deleted_at).is_(None)))
    return {asset.id: asset for asset in rows}


def _output(task: Task, assets: dict[str, Asset]) -> TaskOutput:
    made = [assets[asset_id] for asset_id in (task.output or {}).get("assetIds", []) if asset_id in assets]
    return TaskOutput(assets=[output_asset(asset) for asset in made])


def _view(task: Task, slug: str, steps: list[TaskStep], assets: dict[str, Asset]) -> TaskView:
    return TaskView(
        id=task.id,
        tool_slug=slug,
        step_id=task.step_id,
        parent_task_id=task.parent_task_id,
        status=task.status,
        credits_cost=task.credits_cost,
        progress=task.progress,
        current_step=task.current_step,
        input=task.input,
        output=_output(task, assets) if task.output is not None else None,
        error=view_error(task),
        steps=[
            TaskStepView(id=step.step_id, status=step.status, progress=_step_progress(task, step)) for step in steps
        ],
        children=[],
        created_at=task.created_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
    )


def _step_progress(task: Task, step: TaskStep) -> float:
    if step.status == StepStatus.COMPLETED:
        return 1
    return task.progress if step.step_id == task.current_step else 0
