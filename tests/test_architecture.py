"""The rules of the tree that no linter knows."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import PROJECT

ROOMS = ("funmagic", "admin", "worker")
MODULES = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))
EVERY_FILE = [
    *MODULES,
    *sorted(path for room in ("tests", "benchmarks", "scripts", "alembic") for path in (PROJECT / room).rglob("*.py")),
    PROJECT / "rxconfig.py",
]
LONGEST_FILE = 350
LONGEST_FUNCTION, LONGEST_COMPONENT_TREE = 40, 60
TREES = {"rx.Component", "Node"}
MOST_FILES = 14
MOST_ROOT_FILES = {"funmagic": 8, "worker": 3}
# Where Reflex is at home, and what the files are called elsewhere that hold pages and what browsers have of them.
REFLEX_ROOMS = ("funmagic/ui/", "funmagic/tabs/")
REFLEX_FILES = re.compile(r"(\w+_)?(pages?|state|stage|components|forms|marks|layout|guard|listing)\.py")
# The last one changes it for the processes that it starts.
READERS_OF_THE_ENVIRONMENT = {"funmagic/core/settings.py", "rxconfig.py", "funmagic/supervisor/bytecode.py"}
TOO_GENERAL = {"utils.py", "helpers.py", "util.py", "common.py", "misc.py", "manager.py"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def public_parts(tree: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | Function]:
    """The classes and functions that others may use, methods among them."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from public_parts(node)


def test_the_rooms_are_where_this_test_looks() -> None:
    assert len(MODULES) > 80


def test_no_file_is_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in EVERY_FILE}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_long() -> None:
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}": length
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function) and (length := length_of(node)) > longest(node)
    }
    assert long == {}


def length_of(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def longest(node: Function) -> int:
    is_tree = node.returns is not None and ast.unparse(node.returns) in TREES
    return LONGEST_COMPONENT_TREE if is_tree else LONGEST_FUNCTION


def test_no_room_is_crowded() -> None:
    crowded = {name_of(room): len(files) for room, files in rooms() if len(files) > MOST_FILES}
    assert crowded == {}


def test_few_files_stand_at_the_roots() -> None:
    for root, most in MOST_ROOT_FILES.items():
        assert len([path for path in (PROJECT / root).glob("*.py") if path.name != "__init__.py"]) <= most


def test_what_shares_a_prefix_is_a_room_of_its_own() -> None:
    families = {
        f"{name_of(room)}/{prefix}_*"
        for room, files in rooms()
        for prefix, number in Counter(
            stem.split("_")[0] for stem in {path.stem for path in files} if "_" in stem
        ).items()
        if number > 1
    }
    assert families == set()


def rooms() -> Iterator[tuple[Path, list[Path]]]:
    """The folders of the code with what is in each, beside the file that makes a package of it."""
    for room in sorted({path.parent for path in MODULES}):
        yield room, [path for path in room.iterdir() if path.is_file() and path.name != "__init__.py"]


def test_reflex_is_only_where_pages_and_states_are() -> None:
    users = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Import | ast.ImportFrom) and imports(node) & {"reflex", "reflex_base"}
    }
    elsewhere = {name for name in users if not name.startswith(REFLEX_ROOMS) and "/sections/" not in name}
    assert {name for name in elsewhere if not REFLEX_FILES.fullmatch(name.rpartition("/")[2])} == set()


def imports(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return {name.split(".")[0] for name in names}


def test_every_module_and_public_part_says_what_it_promises() -> None:
    silent = [
        f"{name_of(path)} {getattr(part, 'name', '')}"
        for path in MODULES
        if path.name != "__init__.py"
        for part in (tree_of(path), *public_parts(tree_of(path)))
        if not ast.get_docstring(part)
    ]
    assert silent == []


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        name_of(path)
        for path in [*MODULES, PROJECT / "rxconfig.py"]
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        )
    }
    assert readers <= READERS_OF_THE_ENVIRONMENT


def test_package_files_are_empty() -> None:
    packages = [path for path in EVERY_FILE if path.name == "__init__.py"]
    assert [name_of(path) for path in packages if path.read_text()] == []
    assert not (PROJECT / "alembic" / "__init__.py").exists()


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in EVERY_FILE if path.name in TOO_GENERAL] == []


def test_only_the_database_module_commits() -> None:
    committers = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committers == {"funmagic/core/db.py"}


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts)


BUSINESS = [dotted(path) for path in MODULES if path.name == "service.py" or "models" in path.parts]


@pytest.mark.parametrize(
    "modules",
    [
        [dotted(path) for path in MODULES if path.parts[len(PROJECT.parts)] == "worker"],
        [*BUSINESS, "funmagic.seed", "funmagic.api.app"],
    ],
    ids=["worker", "business"],
)
def test_the_worker_and_the_business_never_load_reflex(modules: list[str]) -> None:
    modules = [module.removesuffix(".__init__") for module in modules]
    code = (
        f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\nprint('reflex' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True) == "False\n"


def test_nothing_of_the_site_imports_the_worker_and_only_the_root_imports_admin() -> None:
    imported = {
        (name_of(path), (node.module if isinstance(node, ast.ImportFrom) else alias.name) or "")
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    outside = [pair for pair in imported if not pair[0].startswith("worker/")]
    assert [pair for pair in outside if pair[1].split(".")[0] == "worker"] == []
    from_admin = [pair for pair in imported if pair[1].split(".")[0] == "admin" and not pair[0].startswith("admin/")]
    assert [pair for pair in from_admin if pair[0] != "funmagic/funmagic.py"] == []


# The textures of models.
OWN_PICTURES = {
    "worker/files/glb.py",
    "worker/local/relief/figure.py",
}
WAYS_TO_DECODE = {"open": "Image", "exif_transpose": "ImageOps", "getexif": None, "Parser": "ImageFile"}


def test_photos_are_decoded_in_one_place() -> None:
    decoders = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Attribute) and node.attr in WAYS_TO_DECODE and _is_pillows(node))
        or (isinstance(node, ast.ImportFrom) and _brings_decoding(node))
    }
    elsewhere = {name for name in decoders if not name.startswith("funmagic/library/photos/")}
    assert elsewhere == OWN_PICTURES


def _is_pillows(node: ast.Attribute) -> bool:
    owner = WAYS_TO_DECODE[node.attr]
    return owner is None or (isinstance(node.value, ast.Name) and node.value.id == owner)


def _brings_decoding(node: ast.ImportFrom) -> bool:
    named = {alias.name for alias in node.names}
    if node.module == "PIL":
        return any(name in ("ImageCms", "ImageFile") or name.endswith("ImagePlugin") for name in named)
    return bool(node.module) and (node.module.startswith(("PIL.", "pillow_heif")))


# Where Reflex's own parts are changed and replaced, and read again when it is upgraded.
SEAMS = "funmagic/ui/reflex_seams/"
TOUCHES_REFLEX = (SEAMS, "funmagic/tabs/")
PUBLIC_REFLEX = {"reflex", "reflex.constants", "reflex.event", "reflex.plugins", "reflex.vars.function"}
# Of Python's own, and documented.
PUBLIC_ALL_THE_SAME = {"_exit"}


def test_only_the_seams_and_the_tabs_import_the_internals_of_reflex() -> None:
    importers = {
        f"{name_of(path)} {module}"
        for path in [*MODULES, PROJECT / "rxconfig.py"]
        if not name_of(path).startswith(TOUCHES_REFLEX)
        for node in ast.walk(tree_of(path))
        for module, _ in _imports(node)
        if module.startswith("reflex") and module not in PUBLIC_REFLEX
    }
    assert importers == set()


def test_every_seam_was_read_in_the_installed_version_of_reflex() -> None:
    version = importlib.metadata.version("reflex")
    seams = [path for path in MODULES if name_of(path).startswith(SEAMS) and path.name != "__init__.py"]
    unread = [name_of(path) for path in seams if f"Read in Reflex {version}." not in path.read_text()]
    assert seams
    assert unread == []


def test_nothing_else_uses_what_other_libraries_keep_to_themselves() -> None:
    trees = {name: tree_of(path) for path in MODULES if not (name := name_of(path)).startswith(TOUCHES_REFLEX)}
    own = {name for tree in trees.values() for node in ast.walk(tree) for name in _named_by_us(node)}
    used = {
        f"{name} {private}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        for private in _private_names(node)
        if private not in own | PUBLIC_ALL_THE_SAME
    }
    assert used == set()


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The module and the name of all that a node imports; no name where it is the module itself."""
    if isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", alias.name) for alias in node.names)
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)


def _named_by_us(node: ast.AST) -> Iterator[str]:
    if isinstance(node, Function | ast.ClassDef):
        yield node.name
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr


def _private_names(node: ast.AST) -> Iterator[str]:
    names = [node.attr] if isinstance(node, ast.Attribute) else []
    names += [part for module, name in _imports(node) for part in (*module.split("."), name)]
    yield from (name for name in names if name.startswith("_") and not name.startswith("__") and name != "_")


LONGEST_ARCHITECTURE = 150
MOST_FILES_OF_THE_SPINE = 10
FILE_IN_TEXT = re.compile(r"`((?:\w+/)+\w+\.py)`")


def test_the_architecture_is_short_and_names_files_that_exist() -> None:
    text = architecture()
    assert len(text.splitlines()) <= LONGEST_ARCHITECTURE
    assert [name for name in FILE_IN_TEXT.findall(text) if not is_a_file_of_ours(name)] == []


def test_the_spine_of_a_paid_task_is_ten_files() -> None:
    walk = architecture().partition("## The walk of one paid task\n")[2].partition("\n## ")[0]
    # What stands in square brackets is called by the way.
    spine = set(FILE_IN_TEXT.findall(re.sub(r"\[[^\]]*\]", "", walk)))
    assert 0 < len(spine) <= MOST_FILES_OF_THE_SPINE, sorted(spine)


def architecture() -> str:
    return (PROJECT / "ARCHITECTURE.md").read_text()


def is_a_file_of_ours(name: str) -> bool:
    return (PROJECT / name).is_file() or (PROJECT / "funmagic" / name).is_file()
