"""`/api/tools` and `/api/tool-types`: the public catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query

from funmagic.accounts.http import OptionalViewer
from funmagic.db import reading
from funmagic.json_api import PAGE_LIMIT, Shape
from funmagic.tools import service
from funmagic.tools.service import ToolPage, ToolSort, ToolTypeView, ToolView

router = APIRouter(prefix="/api", tags=["tools"])


class ToolAnswer(Shape):
    """A tool."""

    tool: ToolView


class ToolTypesAnswer(Shape):
    """The categories."""

    tool_types: list[ToolTypeView]


@router.get("/tools")
def list_tools(
    q: Annotated[str, Query(max_length=100)] = "",
    category: str | None = None,
    sort: ToolSort = ToolSort.POPULAR,
    *,
    featured: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 20,
    cursor: str | None = None,
) -> ToolPage:
    """The active tools."""
    with reading() as session:
        tools = service.list_tools(session, q=q, category=category, sort=sort, featured=featured)
    return service.page_tools(tools, limit=limit, cursor=cursor)


@router.get("/tools/{slug}")
def get_tool(slug: str, viewer: OptionalViewer) -> ToolAnswer:
    """One tool."""
    with reading() as session:
        return ToolAnswer(tool=service.get_tool(session, slug, viewer))


@router.get("/tool-types")
def list_tool_types() -> ToolTypesAnswer:
    """The categories that have tools."""
    with reading() as session:
        return ToolTypesAnswer(tool_types=service.list_tool_types(session))
