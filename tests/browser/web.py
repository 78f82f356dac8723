"""More web processes of one product, as an orchestrator starts, stops and loses them."""

import signal
import subprocess
import sys
import time

from funmagic.web import STOP_SECONDS
from tests.browser.product import Product, answers_well
from tests.factories import wait_until
from tests.ports import free_port

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class Web:
    """One more web process of a product, on a port of its own."""

    def __init__(self, product: Product, environment: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._environment = product.environment | {"FUNMAGIC_PORT": str(self.port)} | (environment or {})
        self._log = product.data_dir / f"web-{self.port}.log"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "funmagic", "web"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        wait_until(lambda: answers_well(f"{self.url}/readyz"), START_TIMEOUT_S)

    def stop(self) -> None:
        """As an orchestrator does; it must end by itself, and without a complaint."""
        asked_at = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(STOP_TIMEOUT_S) == 0
        # Granian kills what has not ended by then. It also says so now and then of a worker that has ended already: two
        # of its threads wait for one process, and on a busy machine the one that missed it looks too soon.
        assert time.monotonic() - asked_at < STOP_SECONDS
        assert "Traceback" not in self._log.read_text()

    def kill(self) -> None:
        """Kill it without warning, with the process that serves."""
        self._process.kill()
        self._process.wait()
