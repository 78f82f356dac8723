"""The catalogue: which tools there are, what they cost, and who runs each of their steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from pydantic import Field
from sqlmodel import Session, col, select

from funmagic.catalogue.errors import ToolUnavailable
from funmagic.catalogue.kinds import InputField, StepKind, ToolKind
from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.catalogue.styles import read_styles
from funmagic.core.errors import InvalidInput, NotFound
from funmagic.core.json import Shape, decode_cursor, encode_cursor
from funmagic.core.queues import QueueName
from funmagic.i18n.translate import _
from funmagic.models.tools import Tool, ToolType
from funmagic.sessions.viewer import Viewer


class OptionView(Shape):
    """One of the values to choose from."""

    id: str
    title: str
    image_url: str


class InputView(Shape):
    """A value that a step asks for; `options` is there where it is one of a list."""

    name: str
    type: str
    label: str
    required: bool
    options: list[OptionView] | None = Field(default=None, exclude_if=lambda options: options is None)


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

MOST_TOOLS = 1000
# Every submit asks it: made once, and of the table, not of the model.
TOOLS: sa.Table = Tool.__table__  # type: ignore[attr-defined]
FIND_TOOL = sa.select(
    *(TOOLS.c.id, TOOLS.c.slug, TOOLS.c.kind, TOOLS.c.title, TOOLS.c.config, TOOLS.c.is_active)
).where(TOOLS.c.slug == sa.bindparam("slug"))


@dataclass(frozen=True)
class PlannedStep:
    """A step with what the tool's configuration says of it: who runs it, with which model, for how much, how long."""

    kind: StepKind
    provider: str
    model: str | None
    credits: int
    options: dict[str, Any]
    queue: QueueName
    timeout_s: int


class ToolFilter(TypedDict, total=False):
    """Which tools, in which order; `q` looks into titles and descriptions, `category` is a tool type's name."""

    q: str
    category: str | None
    featured: bool | None
    sort: ToolSort


def list_tools(session: Session, **wanted: Unpack[ToolFilter]) -> list[ToolView]:
    """The active tools that the code can run."""
    return [_tool_view(tool) for tool in _find_tools(session, **wanted)]


def page_tools(session: Session, *, limit: int, cursor: str | None = None, **wanted: Unpack[ToolFilter]) -> ToolPage:
    """One page of the active tools; only the first page is limited in the database, as a catalogue is short."""
    tools = _find_tools(session, most=MOST_TOOLS if cursor else limit + 1, **wanted)
    after = decode_cursor(cursor)
    start = next((place for place, tool in enumerate(tools, start=1) if tool.id == after), 0)
    shown = tools[start : start + limit]
    has_more = start + limit < len(tools)
    return ToolPage(
        tools=[_tool_view(tool) for tool in shown], next_cursor=encode_cursor(shown[-1].id) if has_more else None
    )


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


def find_runnable_tool(session: Session, slug: str, viewer: Viewer) -> sa.Row[Any]:
    """What a task needs of the tool it runs: active, or any for an admin. Raises NotFound or ToolUnavailable."""
    tool = session.execute(FIND_TOOL, {"slug": slug}).first()
    if tool is None:
        raise NotFound
    if not tool.is_active and not viewer.is_admin:
        raise ToolUnavailable
    return tool


def plan_steps(tool: Tool | sa.Row[Any], step_id: str | None = None) -> list[PlannedStep]:
    """The steps a task runs, priced by the tool's configuration: all of the pipeline, else the one that is named.

    An unknown step, a part of a pipeline, or none where one must be named raises InvalidInput: nothing runs for free.
    """
    kind = kind_of(tool)
    if step_id is None and kind.is_pipeline:
        return plan_all_steps(tool)
    named = [step for step in kind.steps if step.id == step_id]
    if not named or (kind.is_pipeline and len(kind.steps) > 1):
        raise InvalidInput(field="stepId")
    return [plan_step(tool, named[0])]


def plan_all_steps(tool: Tool | sa.Row[Any]) -> list[PlannedStep]:
    """Every step of a tool, whether one run does them all or not."""
    return [plan_step(tool, step) for step in kind_of(tool).steps]


def plan_step(tool: Tool | sa.Row[Any], step: StepKind) -> PlannedStep:
    """A step as the tool's configuration has it done."""
    config = tool.config.get("steps", {}).get(step.id, {})
    return PlannedStep(
        kind=step,
        provider=config.get("provider", step.provider),
        model=config.get("model", step.model),
        credits=config.get("credits", step.credits),
        options=config.get("options", {}),
        queue=QueueName(config.get("queue", QueueName.AI_TASKS)),
        timeout_s=config.get("timeoutSeconds", step.timeout_s),
    )


def kind_of(tool: Tool | sa.Row[Any]) -> ToolKind:
    """The code that runs this tool; raises ToolUnavailable when there is none."""
    try:
        return TOOL_KINDS[tool.kind]
    except KeyError:
        raise ToolUnavailable from None


def _find_tools(
    session: Session,
    *,
    q: str = "",
    category: str | None = None,
    featured: bool | None = None,
    sort: ToolSort = ToolSort.POPULAR,
    most: int = MOST_TOOLS,
) -> Sequence[sa.Row[Any]]:
    query = _active_tools(sort)
    if q:
        query = query.where(
            sa.or_(col(Tool.title).icontains(q, autoescape=True), col(Tool.description).icontains(q, autoescape=True))
        )
    if category:
        query = query.where(col(ToolType.name) == category)
    if featured is not None:
        query = query.where(col(Tool.is_featured) == featured)
    return session.execute(query, {"kinds": list(TOOL_KINDS), "most": most}).all()


@lru_cache
def _active_tools(sort: ToolSort) -> sa.Select[*tuple[Any, ...]]:
    can_run = col(Tool.kind).in_(sa.bindparam("kinds", expanding=True))
    return _shown_columns().where(col(Tool.is_active), can_run).order_by(*_order(sort)).limit(sa.bindparam("most"))


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


def _tool_view(tool: sa.Row[Any]) -> ToolView:
    steps = plan_all_steps(tool)
    return ToolView(
        id=tool.id,
        slug=tool.slug,
        title=_(tool.title),
        description=_(tool.description),
        type=tool.type,
        features=[_(feature) for feature in tool.features],
        thumbnail_url=tool.thumbnail,
        steps=[_step_view(tool, step) for step in steps],
        total_credits=sum(step.credits for step in steps),
        rating=round(tool.rating_sum / tool.rating_count, 2) if tool.rating_count else 0,
        rating_count=tool.rating_count,
        usage_count=tool.usage_count,
        featured=tool.is_featured,
    )


def _step_view(tool: sa.Row[Any], step: PlannedStep) -> StepView:
    inputs = [_input_view(tool, field) for field in step.kind.inputs]
    return StepView(id=step.kind.id, title=_(step.kind.title), credits=step.credits, inputs=inputs)


def _input_view(tool: sa.Row[Any], field: InputField) -> InputView:
    options = None
    if field.type == "style":
        styles = read_styles(tool.config)
        options = [OptionView(id=style.id, title=_(style.title), image_url=style.thumb) for style in styles]
    return InputView(name=field.name, type=field.type, label=_(field.label), required=field.required, options=options)
