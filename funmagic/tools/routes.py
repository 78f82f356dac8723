"""`/api/tools` and `/api/tool-types`: the public catalogue."""

from fastapi import APIRouter

from funmagic.accounts.http import OptionalViewer
from funmagic.db import reading
from funmagic.json_api import Shape
from funmagic.tools import service
from funmagic.tools.service import ToolTypeView, ToolView

router = APIRouter(prefix="/api", tags=["tools"])


class ToolPage(Shape):
    """Tools; `nextCursor` is null at the end."""

    tools: list[ToolView]
    next_cursor: str | None = None


class ToolAnswer(Shape):
    """A tool."""

    tool: ToolView


class ToolTypesAnswer(Shape):
    """The categories."""

    tool_types: list[ToolTypeView]


@router.get("/tools")
def list_tools(category: str | None = None, *, featured: bool | None = None) -> ToolPage:
    """The active tools."""
    with reading() as session:
        return ToolPage(tools=service.list_tools(session, category=category, featured=featured))


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
