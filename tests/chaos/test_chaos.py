"""The short form of `make chaos`."""

import subprocess
import sys

from tests.servers import PROJECT

SHORT = ("--tasks", "200", "--users", "20", "--kills", "5", "--mixed", "90", "--mixed-users", "15")


def test_runs_of_all_three_tools_survive_kills_broken_providers_and_servers_that_restart() -> None:
    command = [sys.executable, "-m", "tests.chaos", *SHORT]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
