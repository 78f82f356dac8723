"""A real web process on this test process's own data, because a websocket needs one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import factories
from tests.ports import answers, free_port
from tests.servers import PROJECT


@pytest.fixture(scope="session")
def web(migrated: None, redis_server: None, data_dir: Path) -> Iterator[str]:
    """The address of a web process; one for all tests of a test process, as it takes seconds to start."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    tether = [sys.executable, "-m", "funmagic.supervisor.tether", str(os.getpid())]
    command = [*tether, sys.executable, "-m", "tests.security.serve", str(port)]
    own = {"FUNMAGIC_PUBLIC_URL": address}
    with (data_dir / "web.log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | own, cwd=PROJECT, stdout=log, stderr=log)
    try:
        factories.wait_until(lambda: answers(f"{address}/healthz"), of=server)
        yield address
    finally:
        server.terminate()
        server.wait()
