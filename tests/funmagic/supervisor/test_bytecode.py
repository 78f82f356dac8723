"""What Python compiles is kept for the next start, whatever the machine's environment says."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.funmagic.supervisor.children import Supervisor, python_child
from tests.servers import PROJECT

UNKEPT = {"PYTHONDONTWRITEBYTECODE": "1"}
KEEP_THEN_RUN = """
import subprocess, sys
from pathlib import Path
from funmagic.supervisor.bytecode import keep_bytecode
keep_bytecode(Path(sys.argv[1]))
import graphlib
subprocess.run([sys.executable, "-c", "import os, colorsys; print('DONT' in ''.join(os.environ))"], check=True)
"""
TELL = """
import os, signal
print("cache:", os.environ.get("PYTHONPYCACHEPREFIX"), "PYTHONDONTWRITEBYTECODE" in os.environ)
signal.pause()
"""


def compiled(folder: Path) -> set[str]:
    """The modules that are kept there."""
    return {path.name.partition(".")[0] for path in folder.rglob("*.pyc")}


def test_a_process_and_what_it_starts_keep_what_they_compile(tmp_path: Path) -> None:
    environment = os.environ | UNKEPT
    environment.pop("PYTHONPYCACHEPREFIX")
    command = [sys.executable, "-c", KEEP_THEN_RUN, str(tmp_path)]
    assert subprocess.check_output(command, env=environment, cwd=PROJECT, text=True) == "False\n"
    assert compiled(tmp_path) >= {"graphlib", "colorsys"}


def test_children_of_the_keeper_get_the_cache_and_not_the_variable(keep: Callable[..., Supervisor]) -> None:
    supervisor = keep([python_child("web", TELL)])
    supervisor.wait_for_line(f"cache: {os.environ['PYTHONPYCACHEPREFIX']} False")
    assert supervisor.ends_after(signal.SIGTERM) == 0


def test_up_keeps_bytecode_in_the_data_directory(tmp_path: Path, busy_port: int) -> None:
    environment = os.environ | UNKEPT | {"FUNMAGIC_DATA_DIR": str(tmp_path), "FUNMAGIC_PORT": str(busy_port)}
    command = [sys.executable, "-m", "funmagic", "up"]
    assert subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, check=False).returncode == 1
    assert compiled(tmp_path / "bytecode") >= {"up", "keeper"}
