"""What a submission names: values of the step's own fields, a style of the tool, files and a parent of the viewer's."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from funmagic.catalogue.kinds import StepKind
from funmagic.catalogue.service import PlannedStep
from funmagic.catalogue.styles import read_styles
from funmagic.core.errors import InvalidInput, NotFound
from funmagic.models.base import utcnow
from funmagic.models.tasks import Task, TaskStatus
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.statements import COUNT_FILES, FIND_INPUT, MARK_USED


def check_parent(session: Session, viewer: Viewer, tool: sa.Row[Any], parent_id: str | None, step: StepKind) -> None:
    """A step that comes after another needs a completed run of that one; no other step has a parent.

    The parent is the viewer's own, of the same tool, and what it made is still there. Raises NotFound or InvalidInput.
    """
    if parent_id is None:
        if step.after is not None:
            raise InvalidInput(field="parentTaskId")
        return
    parent = session.get(Task, parent_id)
    if parent is None or parent.user_id != viewer.id or parent.deleted_at is not None:
        raise NotFound
    is_fit = parent.tool_id == tool.id and parent.status == TaskStatus.COMPLETED
    if step.after is None or not is_fit or parent.step_id != step.after:
        raise InvalidInput(field="parentTaskId")
    made = (parent.output or {}).get("assetIds", [])
    if session.execute(COUNT_FILES, {"b_asset_ids": made}).scalar_one() != len(made):
        raise NotFound


def check_input(tool: sa.Row[Any], values: dict[str, Any], planned: list[PlannedStep]) -> list[str]:
    """Every value is of a field of these steps; returns the ids of the files that are named. Raises InvalidInput."""
    fields = {field.name: field for step in planned for field in step.kind.inputs}
    missing = {name for name, field in fields.items() if field.required and name not in values}
    ill_typed = {name for name, value in values.items() if not isinstance(value, str)}
    wrong = missing | ill_typed | (set(values) - set(fields))
    styles = {style.id for style in read_styles(tool.config)}
    wrong |= {name for name, field in fields.items() if field.type == "style" and values.get(name) not in styles}
    if wrong:
        raise InvalidInput(fields=sorted(wrong))
    return [values[name] for name, field in fields.items() if field.type == "image" and name in values]


def find_unseen(session: Session, viewer: Viewer, asset_ids: list[str]) -> list[str]:
    """Those of the files that are not verified yet; raises NotFound for another person's file."""
    return [asset_id for asset_id in asset_ids if _find_file(session, viewer, asset_id).verified_at is None]


def mark_used(session: Session, viewer: Viewer, asset_ids: list[str]) -> None:
    """Mark a run's files as used, so that the clock does not sweep them; raises NotFound for one that is gone."""
    for asset_id in asset_ids:
        if _find_file(session, viewer, asset_id).used_at is None:
            session.execute(MARK_USED, {"b_asset_id": asset_id, "b_used_at": utcnow()})


def _find_file(session: Session, viewer: Viewer, asset_id: str) -> sa.Row[Any]:
    found = session.execute(FIND_INPUT, {"b_asset_id": asset_id, "b_user_id": viewer.id}).one_or_none()
    if found is None:
        raise NotFound
    return found
