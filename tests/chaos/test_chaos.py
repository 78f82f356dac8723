"""The short form of `make chaos`."""

import subprocess
import sys

from tests.conftest import PROJECT


def test_five_hundred_runs_survive_kills_a_flushed_redis_and_a_restarted_database() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--tasks", "500", "--users", "20", "--kills", "6"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
