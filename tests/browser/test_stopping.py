"""A web process is replaced under an open page, as every deployment does."""

import os
import signal
import subprocess
import sys

import httpx
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.steps import expect_result, start_waiting_run, task_id_of
from tests.factories import wait_until
from tests.ports import free_port


class Web:
    """One more web process of the product, on a port of its own."""

    def __init__(self, product: Product) -> None:
        port = free_port()
        self.url = f"http://localhost:{port}"
        own = {"FUNMAGIC_DATA_DIR": str(product.data_dir), "FUNMAGIC_PORT": str(port)}
        self._environment = os.environ | own
        self._log = product.data_dir / f"web-{port}.log"

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "funmagic", "web"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        wait_until(lambda: httpx.get(f"{self.url}/readyz").is_success, 60)

    def stop(self) -> None:
        """As an orchestrator does; it must end by itself, and without a complaint."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0
        for complaint in ("Killing", "Traceback"):
            assert complaint not in self._log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def test_an_open_page_outlives_its_web_process(page: Page, context: BrowserContext, product: Product) -> None:
    web = Web(product)
    web.start()
    try:
        with product.workers_paused():
            start_waiting_run(page, context)
            page.goto(f"{web.url}/tools/background-remove?task={task_id_of(page)}")
            expect(page.get_by_text("In line")).to_be_visible()
            web.stop()
            web.start()
        expect_result(page)
    finally:
        web.kill()
