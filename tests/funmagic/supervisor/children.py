"""Processes for the supervisor to keep."""

import os
import subprocess
import sys
from pathlib import Path

from tests.waiting import PATIENCE_S, wait_until


def is_running(pid: int) -> bool:
    """Whether a process is alive; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def python_child(name: str, code: str, **options: float) -> dict[str, object]:
    """A child that runs a few lines of Python."""
    return {"name": name, "command": [sys.executable, "-u", "-c", code], **options}


class Supervisor:
    """A running supervisor and what it has printed so far."""

    def __init__(self, command: list[str], log: Path, **environment: str) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def wait_for_line(self, text: str) -> None:
        wait_until(lambda: text in self.output, of=self.process)

    def pid_in(self, path: Path) -> int:
        wait_until(lambda: path.exists() and path.read_text().endswith("\n"), of=self.process)
        return int(path.read_text())

    def ends_after(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)
