"""`/api/tools` and `/api/tool-types`: the public catalogue."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response, status

from funmagic.catalogue import service
from funmagic.catalogue.cache import LISTS_KEY, Answer, cached_answer, fresh_answer, tool_key
from funmagic.catalogue.service import ToolPage, ToolSort, ToolTypeView, ToolView
from funmagic.core.db import reading
from funmagic.core.json import PAGE_LIMIT, Shape
from funmagic.http.callers import OptionalViewer

router = APIRouter(prefix="/api", tags=["tools"])

KEPT_LIMITS = (20, PAGE_LIMIT)


class ToolAnswer(Shape):
    """A tool."""

    tool: ToolView


class ToolTypesAnswer(Shape):
    """The categories."""

    tool_types: list[ToolTypeView]


IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]


@router.get("/tools", response_model=ToolPage)
async def list_tools(
    q: Annotated[str, Query(max_length=100)] = "",
    category: Annotated[str | None, Query(max_length=50)] = None,
    sort: ToolSort = ToolSort.POPULAR,
    *,
    featured: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 20,
    cursor: str | None = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The active tools."""

    def make() -> bytes:
        with reading() as session:
            wanted = service.ToolFilter(q=q, category=category, featured=featured, sort=sort)
            page = service.page_tools(session, limit=limit, cursor=cursor, **wanted)
        return page.model_dump_json(by_alias=True).encode()

    # What people type is endless; only what every visitor asks for is worth keeping.
    is_common = not q and not category and cursor is None and limit in KEPT_LIMITS
    answer = cached_answer(LISTS_KEY, f"{sort}|{featured}|{limit}", make) if is_common else fresh_answer(make)
    return _json(await answer, if_none_match)


@router.get("/tools/{slug}", response_model=ToolAnswer)
async def get_tool(slug: str, viewer: OptionalViewer, if_none_match: IfNoneMatch = None) -> Response:
    """One tool."""

    def make() -> bytes:
        with reading() as session:
            return ToolAnswer(tool=service.get_tool(session, slug, viewer)).model_dump_json(by_alias=True).encode()

    # Admins see inactive tools too, and what they see must not be kept for others.
    is_public = viewer is None or not viewer.is_admin
    answer = cached_answer(tool_key(slug), "", make) if is_public else fresh_answer(make)
    return _json(await answer, if_none_match)


@router.get("/tool-types")
def list_tool_types() -> ToolTypesAnswer:
    """The categories that have tools."""
    with reading() as session:
        return ToolTypesAnswer(tool_types=service.list_tool_types(session))


def _json(answer: Answer, known: str | None) -> Response:
    etag = answer.etag.decode()
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    if known == etag:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(answer.body, media_type="application/json", headers=headers)
