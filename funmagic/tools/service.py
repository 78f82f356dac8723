"""The catalogue: which tools there are, what they cost, and who runs each of their steps."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.viewer import Viewer
from funmagic.errors import InvalidInput, NotFound, ToolUnavailable
from funmagic.i18n.translate import _
from funmagic.json_api import Shape, decode_cursor, encode_cursor
from funmagic.models.tools import Tool, ToolType
from funmagic.tools.kinds import TOOL_KINDS, StepKind, ToolKind


class InputView(Shape):
    """A value that a step asks for."""

    name: str
    type: str
    label: str
    required: bool


class StepView(Shape):
    """A step as people see it: no provider, no model, no option."""

    id: str
    title: str
    credits: int
    inputs: list[InputView]


class ToolView(Shape):
    """A tool as anybody may see it."""

    id: str
    slug: str
    title: str
    description: str
    type: str
    features: list[str]
    thumbnail_url: str
    steps: list[StepView]
    total_credits: int
    rating: float
    rating_count: int
    usage_count: int
    featured: bool


class ToolPage(Shape):
    """Tools; `nextCursor` is null at the end."""

    tools: list[ToolView]
    next_cursor: str | None


class ToolSort(StrEnum):
    """The orders in which tools are listed."""

    POPULAR = "popular"
    NEWEST = "newest"
    TOP_RATED = "top-rated"


class ToolTypeView(Shape):
    """A category of tools."""

    id: str
    name: str
    title: str
    icon: str
    colour: str


# What people are shown of a tool, and what its price comes from.
SHOWN = (
    *(Tool.id, Tool.slug, Tool.kind, Tool.title, Tool.description, Tool.features, Tool.thumbnail, Tool.config),
    *(Tool.is_featured, Tool.usage_count, Tool.rating_sum, Tool.rating_count),
)


@dataclass(frozen=True)
class PlannedStep:
    """A step with what the tool's configuration says of it: who runs it, with which model, for how much."""

    kind: StepKind
    provider: str
    model: str | None
    credits: int
    options: dict[str, Any]


def list_tools(
    session: Session,
    *,
    q: str = "",
    category: str | None = None,
    sort: ToolSort = ToolSort.POPULAR,
    featured: bool | None = None,
) -> list[ToolView]:
    """The active tools that the code can run; `q` looks into titles and descriptions."""
    query = _active_tools(sort)
    if q:
        query = query.where(
            sa.or_(col(Tool.title).icontains(q, autoescape=True), col(Tool.description).icontains(q, autoescape=True))
        )
    if category:
        query = query.where(col(ToolType.name) == category)
    if featured is not None:
        query = query.where(col(Tool.is_featured) == featured)
    return [_tool_view(tool) for tool in session.execute(query) if tool.kind in TOOL_KINDS]


def page_tools(tools: list[ToolView], *, limit: int, cursor: str | None = None) -> ToolPage:
    """One page of a list of tools; a catalogue is short, so it is cut here and not in the database."""
    after = decode_cursor(cursor)
    start = next((place for place, tool in enumerate(tools, start=1) if tool.id == after), 0)
    shown = tools[start : start + limit]
    has_more = start + limit < len(tools)
    return ToolPage(tools=shown, next_cursor=encode_cursor(shown[-1].id) if has_more else None)


def list_tool_types(session: Session) -> list[ToolTypeView]:
    """The categories that have something to show, in their order."""
    used = select(Tool.tool_type_id).where(col(Tool.is_active))
    query = select(ToolType).where(col(ToolType.is_active), col(ToolType.id).in_(used)).order_by(col(ToolType.position))
    return [ToolTypeView.model_validate(row) for row in session.exec(query)]


def get_tool(session: Session, slug: str, viewer: Viewer | None = None) -> ToolView:
    """One tool's public face; inactive tools exist for admins only. Raises NotFound."""
    query = _shown_columns().where(col(Tool.slug) == slug)
    if not (viewer and viewer.is_admin):
        query = query.where(col(Tool.is_active))
    tool = session.execute(query).first()
    if tool is None:
        raise NotFound
    return _tool_view(tool)


def find_runnable_tool(session: Session, slug: str, viewer: Viewer) -> Tool:
    """The tool a task may run: active, or any for an admin who tests it. Raises NotFound or ToolUnavailable."""
    tool = session.exec(select(Tool).where(Tool.slug == slug)).first()
    if tool is None:
        raise NotFound
    if not tool.is_active and not viewer.is_admin:
        raise ToolUnavailable
    return tool


def plan_steps(tool: Tool | sa.Row[Any], step_id: str | None = None) -> list[PlannedStep]:
    """The steps a task runs, priced by the tool's configuration: one named step, or all of the pipeline.

    An unknown step raises InvalidInput: what is not configured never runs for free.
    """
    kind = kind_of(tool)
    steps = [step for step in kind.steps if step_id in (None, step.id)]
    if not steps:
        raise InvalidInput(field="stepId")
    return [_plan(tool, step) for step in steps]


def kind_of(tool: Tool | sa.Row[Any]) -> ToolKind:
    """The code that runs this tool; raises ToolUnavailable when there is none."""
    try:
        return TOOL_KINDS[tool.kind]
    except KeyError:
        raise ToolUnavailable from None


@lru_cache
def _active_tools(sort: ToolSort) -> sa.Select[*tuple[Any, ...]]:
    return _shown_columns().where(col(Tool.is_active)).order_by(*_order(sort))


@lru_cache
def _shown_columns() -> sa.Select[*tuple[Any, ...]]:
    # No rows of the models: making those costs more than all the rest of a list.
    return sa.select(*map(col, SHOWN), col(ToolType.name).label("type")).join(
        ToolType, col(ToolType.id) == col(Tool.tool_type_id)
    )


def _order(sort: ToolSort) -> tuple[Any, ...]:
    rating = col(Tool.rating_sum) * 1.0 / sa.func.nullif(col(Tool.rating_count), 0)
    ways = {
        ToolSort.POPULAR: (col(Tool.is_featured).desc(), col(Tool.usage_count).desc()),
        ToolSort.NEWEST: (),
        ToolSort.TOP_RATED: (sa.func.coalesce(rating, 0).desc(), col(Tool.rating_count).desc()),
    }
    return (*ways[sort], col(Tool.id).desc())


def _plan(tool: Tool | sa.Row[Any], step: StepKind) -> PlannedStep:
    config = tool.config.get("steps", {}).get(step.id, {})
    return PlannedStep(
        kind=step,
        provider=config.get("provider", step.provider),
        model=config.get("model", step.model),
        credits=config.get("credits", step.credits),
        options=config.get("options", {}),
    )


def _tool_view(tool: sa.Row[Any]) -> ToolView:
    steps = plan_steps(tool)
    return ToolView(
        id=tool.id,
        slug=tool.slug,
        title=_(tool.title),
        description=_(tool.description),
        type=tool.type,
        features=[_(feature) for feature in tool.features],
        thumbnail_url=tool.thumbnail,
        steps=[_step_view(step) for step in steps],
        total_credits=sum(step.credits for step in steps),
        rating=round(tool.rating_sum / tool.rating_count, 2) if tool.rating_count else 0,
        rating_count=tool.rating_count,
        usage_count=tool.usage_count,
        featured=tool.is_featured,
    )


def _step_view(step: PlannedStep) -> StepView:
    inputs = [
        InputView(name=field.name, type=field.type, label=_(field.label), required=field.required)
        for field in step.kind.inputs
    ]
    return StepView(id=step.kind.id, title=_(step.kind.title), credits=step.credits, inputs=inputs)
