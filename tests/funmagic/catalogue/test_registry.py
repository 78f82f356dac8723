"""The table of tools: whatever is in it has a kind, a listing and a page of its own."""

from funmagic import paths
from funmagic.catalogue.registry import TOOL_KINDS, TOOLS
from funmagic.site.tools.pages import PAGES


def test_every_tool_is_a_kind_that_is_listed_and_has_its_page() -> None:
    assert len(TOOL_KINDS) == len(TOOLS)
    assert [name for name, kind in TOOL_KINDS.items() if kind.listing is None] == []
    assert {page.route for page in PAGES} == {paths.tool(name) for name in TOOL_KINDS}
