"""Whoever follows CONTRIBUTING's recipes has a tool and a provider that work: followed here in a copy of the tree."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from funmagic.core.settings import Settings
from funmagic.supervisor import embedded_redis
from tests.bytecode import FOLDER
from tests.factories import wait_until
from tests.ports import free_port
from tests.recipes.document import Block, commands, copy_tree, follow, read_recipe
from tests.servers import PROJECT

DOCUMENT = (PROJECT / "CONTRIBUTING.md").read_text()
TOOL = read_recipe(DOCUMENT, "Add a tool")
PROVIDER = read_recipe(DOCUMENT, "Add a provider")
KEY = "a-key-of-darkroom"
RULES = [
    f"tests/test_architecture.py::test_{name}"
    for name in ("no_file_is_long", "no_function_is_long", "every_module_and_public_part_says_what_it_promises")
]
# As much as the page of a tool can be built without a front end.
BUILD_PAGE = """
import funmagic.funmagic
[page] = [page for page in funmagic.funmagic.PAGES if page.route == "/tools/grey"]
built = page.builder()
built.render()
built._get_all_imports()
print("tools/grey" in funmagic.funmagic.app._unevaluated_pages)
"""


@dataclass
class Copy:
    """A tree in which the recipes were followed, with a data directory and a Redis of its own."""

    tree: Path
    touched: list[str]
    environment: dict[str, str]

    def run(self, *words: str, **options: Any) -> str:
        """What `python …` says in the tree; it must succeed."""
        command = [sys.executable, *words]
        done = subprocess.run(
            command, cwd=self.tree, env=self.environment, capture_output=True, text=True, check=False, **options
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def take_a_run(self, person: str) -> dict[str, Any]:
        """What became of a paid run of the new tool."""
        return json.loads(self.run("-m", "tests.recipes.journey", person).splitlines()[-1])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    tree, data_dir = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("data")
    copy_tree(PROJECT, tree)
    touched = follow([*TOOL, *PROVIDER], tree)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FUNMAGIC_", "TESTS_"))}
    own = {
        "PYTHONPATH": str(tree),
        "FUNMAGIC_DATA_DIR": str(data_dir),
        # Where the emulator is.
        "FUNMAGIC_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
    }
    yield Copy(tree, touched, environment | own)
    shutil.rmtree(FOLDER / tree.relative_to("/"), ignore_errors=True)  # nobody will compile this tree again


@pytest.fixture(scope="module")
def product(copy: Copy) -> Iterator[Copy]:
    """The copy with its database and its Redis, as `up` would prepare them."""
    data_dir = Path(copy.environment["FUNMAGIC_DATA_DIR"])
    server = embedded_redis.find_server()
    redis_socket = Settings(data_dir=data_dir).redis_socket
    redis = subprocess.Popen(
        embedded_redis.server_command(server, data_dir / "redis", redis_socket), stdout=subprocess.DEVNULL
    )
    wait_until(redis_socket.exists, of=redis)
    copy.run("-m", "funmagic", "migrate")
    copy.run("-m", "funmagic", "seed")
    yield copy
    redis.terminate()
    redis.wait()


@pytest.fixture
def darkroom(copy: Copy) -> Iterator[str]:
    """The new provider's emulator as a process; its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "tests.emulators.darkroom", "--port", str(port)]
    process = subprocess.Popen(command, cwd=copy.tree, env=copy.environment)
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None, of=process)
    yield f"http://127.0.0.1:{port}/v1"
    process.terminate()
    process.wait()


def test_a_new_install_runs_the_new_tool_for_its_price(product: Copy) -> None:
    said = product.take_a_run("ann")
    assert (said["status"], said["charged"], said["held"], said["books_are_right"]) == ("completed", 2, 0, True)
    assert (said["provider"], said["turns"], said["pictures"]) == ("local", 1, [["LA", 96, 72]])
    assert "grey" in said["catalogue"]


def test_the_new_provider_does_the_new_tool_once_it_is_set_up(product: Copy, darkroom: str) -> None:
    for words in commands(PROVIDER):
        product.run("-m", "funmagic", *words, input=KEY)
    product.run("-m", "funmagic", "set-provider", "darkroom", "--base-url", darkroom)
    said = product.take_a_run("bea")
    assert (said["status"], said["charged"], said["held"], said["books_are_right"]) == ("completed", 4, 0, True)
    assert (said["provider"], said["turns"], said["pictures"]) == ("darkroom", 3, [["L", 96, 72]])
    assert said["request"]["options"] == {"contrast": 20}
    assert KEY not in json.dumps(said)


def test_a_new_tool_is_one_room_and_one_line() -> None:
    elsewhere = {block.file for block in TOOL if not block.file.startswith("funmagic/site/tools/grey/")}
    assert elsewhere == {"funmagic/catalogue/registry.py"}
    [line] = [block for block in TOOL if block.file == "funmagic/catalogue/registry.py"]
    assert [text for text in line.lines if text[:1] in "+-"] == ['+    "grey",']


def test_the_new_page_can_be_built_and_has_an_address(copy: Copy) -> None:
    assert copy.run("-c", BUILD_PAGE).splitlines()[-1] == "True"


def test_what_the_recipes_add_passes_the_rules_and_its_own_tests(copy: Copy) -> None:
    copy.run("-m", "ruff", "check", "--no-cache", *copy.touched)
    copy.run("-m", "ruff", "format", "--no-cache", "--check", *copy.touched)
    copy.run("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())")
    copy.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/worker/providers/darkroom/test_adapter.py", *RULES)


def test_a_block_that_does_not_fit_says_so(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("one\ntwo\n")
    with pytest.raises(AssertionError, match="exactly one place"):
        follow([Block("diff", "file.py", [" three", "+four"])], tmp_path)
