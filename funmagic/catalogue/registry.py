"""The tools that the code can run: one line for each, which is the name of its room in `funmagic/site/tools`."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from funmagic.catalogue.kinds import ToolKind

# New installations list the last one first.
TOOLS = (
    "crystal_memory",
    "figme",
    "background_remove",
)


def load_modules(name: str) -> list[ModuleType]:
    """The module of this name of every tool that has one, in the table's order."""
    # By name, as jobs are: the business stands below the site. Only a tool's pages and states know Reflex.
    paths = [f"funmagic.site.tools.{tool}.{name}" for tool in TOOLS]
    return [import_module(path) for path in paths if find_spec(path)]


TOOL_KINDS: dict[str, ToolKind] = {module.KIND.name: module.KIND for module in load_modules("tool")}
