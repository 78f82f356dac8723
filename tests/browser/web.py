"""More web processes of one product, as an orchestrator starts, stops and loses them."""

import signal
import subprocess
import sys

from tests.browser.product import Product, answers_well
from tests.factories import wait_until
from tests.ports import free_port
from tests.waiting import PATIENCE_S

# As `funmagic web` does; what does not end by itself is killed later, so that a busy machine is not taken for it.
SERVE = "from funmagic import web; web.STOP_SECONDS = 60; web.serve()"


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
            command = [sys.executable, "-c", SERVE]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        wait_until(lambda: answers_well(f"{self.url}/readyz"), of=self._process)

    def stop(self) -> None:
        """As an orchestrator does; it must end by itself, and without a complaint."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(PATIENCE_S) == 0
        # What granian kills has not said so. That granian says it kills is no proof: two of its threads wait for one
        # process, and on a busy machine the one that missed its end looks too soon.
        assert "stopped" in self._log.read_text()
        assert "Traceback" not in self._log.read_text()

    def kill(self) -> None:
        """Kill it without warning, with the process that serves."""
        self._process.kill()
        self._process.wait()
