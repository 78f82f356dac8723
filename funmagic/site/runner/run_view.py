"""A run with all that a stage shows around it, looked up in one go; and the viewer's other runs of the same tool."""

from dataclasses import dataclass, field, replace

from sqlmodel import Session

from funmagic import paths
from funmagic.core.errors import NotFound
from funmagic.i18n.translate import _
from funmagic.library.service import get_asset
from funmagic.models.assets import AssetKind
from funmagic.models.tasks import TaskStatus
from funmagic.sessions.viewer import Viewer
from funmagic.site.runner.failure_words import FailureView, describe_failure
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.progress import Progress
from funmagic.site.runner.results import ResultView, view_result
from funmagic.site.runner.wait_words import describe_wait
from funmagic.tasks.service import find_active_task, get_task, list_tasks
from funmagic.tasks.views import OutputAsset, TaskView
from funmagic.tasks.waits import place_in_line

# So many of the newest runs are looked at, and so many shown.
RECENT = 24
MOST_CARDS = 8


@dataclass(frozen=True)
class RunCard:
    """One of the viewer's runs of a tool, in the strip below its stage."""

    id: str
    href: str
    # Empty while there is nothing to see yet.
    image: str
    label: str
    is_active: bool
    is_shown: bool = False


@dataclass(frozen=True)
class RunView:
    """A run, what it works on, what it made, and where the runs before and after it are; by default there is no run."""

    id: str = ""
    tool_slug: str = ""
    step_id: str = ""
    phase: Phase = Phase.CHOOSING
    progress: Progress = field(default_factory=Progress)
    wait_line: str = ""
    failure: FailureView = field(default_factory=FailureView)
    source_url: str = ""
    result: ResultView = field(default_factory=ResultView)
    parent_url: str = ""
    child_url: str = ""
    is_child_active: bool = False


def look_at_run(session: Session, viewer: Viewer, task_id: str) -> RunView:
    """One run of the viewer's; raises NotFound."""
    task = get_task(session, viewer, task_id)
    parent = _find_parent(session, viewer, task)
    source = _find_result(session, viewer, _first_asset(parent) if parent else task.input.get("assetId", ""))
    # One that failed leads nowhere: the step can be started anew.
    child = next((child for child in reversed(task.children) if child.status != TaskStatus.FAILED), None)
    return RunView(
        id=task.id,
        tool_slug=task.tool_slug,
        step_id=task.step_id or "",
        phase=Phase(task.status),
        progress=Progress.of(task),
        wait_line=describe_wait(place_in_line(session, task.id)) if task.is_in_line else "",
        failure=describe_failure(task.error),
        # An upload has a preview where browsers would show something else than what we see in it.
        source_url=(source.preview_url if parent is None else "") or source.url,
        result=_find_result(session, viewer, _first_asset(task)),
        parent_url=paths.tool(task.tool_slug, parent.id) if parent else "",
        child_url=paths.tool(task.tool_slug, child.id) if child else "",
        is_child_active=child is not None and child.is_active,
    )


def find_run(session: Session, viewer: Viewer, slug: str, task_id: str, *, or_active: bool) -> RunView | None:
    """The viewer's run of this id and tool; without an id the newest one that still goes on, if that will do."""
    if not task_id and or_active:
        active = find_active_task(session, viewer, slug)
        task_id = active.id if active else ""
    try:
        run = look_at_run(session, viewer, task_id) if task_id else None
    except NotFound:
        return None
    return run if run and run.tool_slug == slug else None


def list_runs(session: Session, viewer: Viewer, tool_slug: str) -> list[RunCard]:
    """The viewer's newest runs of a tool that go on or have made something, newest first."""
    tasks = list_tasks(session, viewer, tool_slug=tool_slug, limit=RECENT).tasks
    return [_card(task) for task in tasks if task.is_active or _first_asset(task)][:MOST_CARDS]


def mark_shown(cards: list[RunCard], task_id: str) -> list[RunCard]:
    """The same cards, with the one of the run on the stage marked."""
    return [replace(card, is_shown=card.id == task_id) for card in cards]


def _card(task: TaskView) -> RunCard:
    result = task.output.assets[0] if task.output and task.output.assets else None
    image = (
        str(result.meta.get("previewUrl") or (result.url if result.kind == AssetKind.IMAGE else "")) if result else ""
    )
    label = _name_result(result) if result else ""
    if task.is_active:
        label = _("In line") if task.is_in_line else _("Running")
    return RunCard(task.id, paths.tool(task.tool_slug, task.id), image, label, task.is_active)


def _name_result(result: OutputAsset) -> str:
    match result.kind:
        case AssetKind.MODEL:
            return _("3D model: {filename}", filename=result.filename)
        case AssetKind.POINT_CLOUD:
            return _("Point cloud: {filename}", filename=result.filename)
    return _("Image: {filename}", filename=result.filename)


def _find_parent(session: Session, viewer: Viewer, task: TaskView) -> TaskView | None:
    try:
        return get_task(session, viewer, task.parent_task_id) if task.parent_task_id else None
    except NotFound:
        return None


def _find_result(session: Session, viewer: Viewer, asset_id: str) -> ResultView:
    try:
        return view_result(get_asset(session, viewer, asset_id))
    except NotFound:
        return ResultView()


def _first_asset(task: TaskView) -> str:
    return task.output.assets[0].id if task.output and task.output.assets else ""
