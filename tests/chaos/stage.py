"""The whole product under a supervisor, on a PostgreSQL, a Redis and a fal.ai of its own, as `make chaos` hurts it."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import sqlalchemy as sa

from funmagic.accounts.viewer import Viewer
from funmagic.db import get_engine, transaction
from funmagic.providers.service import set_provider
from funmagic.redis_client import get_redis
from funmagic.settings import get_settings
from funmagic.supervisor import embedded_redis
from funmagic.tools.configure import configure_step
from tests import factories
from tests.browser.product import Product
from tests.limits import lift_limits
from tests.ports import free_port
from tests.postgres import Cluster

MODELS = Path(".data/models")
WORKERS = 3
RUNNING_PER_USER = 10
SLOTS = 300
KEY = "emulated-key-0123"


class Stage:
    """Everything that runs, and how to break it."""

    def __init__(self, folder: Path, *, fault_rate: float) -> None:
        self._folder = folder
        self.cluster = Cluster()
        self.fal_port = free_port()
        self._fault_rate = fault_rate
        self._servers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Bring all of it up, with background removal done by the emulated fal.ai."""
        self.cluster.start()
        socket = self._folder / "redis.sock"
        environment = {
            "FUNMAGIC_DATA_DIR": str(self._folder),
            "FUNMAGIC_DATABASE_URL": self.cluster.url,
            "FUNMAGIC_REDIS_URL": f"unix://{socket}",
            "FUNMAGIC_WORKERS": str(WORKERS),
            "FUNMAGIC_MAX_RUNNING_TASKS": str(RUNNING_PER_USER),
            "FUNMAGIC_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{self.fal_port}",
        }
        os.environ.update(environment)
        get_settings.cache_clear()
        self._serve(embedded_redis.server_command(embedded_redis.find_server(), self._folder / "redis", socket))
        fal = ["tests.emulators.fal", "--port", str(self.fal_port), "--key", KEY, "--fault-rate", str(self._fault_rate)]
        self._serve([sys.executable, "-m", *fal])
        (self._folder / "models").symlink_to(MODELS.resolve())
        self.product = Product(self._folder, environment)
        self.product.start()
        with transaction() as session:
            lift_limits(session)
            limits = {"rateLimit": {"maxConcurrency": SLOTS}}
            base_url = f"http://127.0.0.1:{self.fal_port}"
            set_provider(session, "fal", api_key=KEY, base_url=base_url, config=limits)
            configure_step(session, "background-remove", "remove", provider="fal")

    def stop(self) -> None:
        """Stop the product and its servers."""
        self.product.stop()
        for server in self._servers:
            server.kill()
            server.wait()
        get_engine().dispose()
        self.cluster.remove()

    def make_people(self, count: int, credits_each: int) -> list[Viewer]:
        """So many users with so many credits each, every one of them granted in the ledger."""
        people = [factories.make_user(f"user{number}") for number in range(count)]
        with transaction() as session:
            # As a purchase would: the balance and its line together.
            session.execute(
                sa.text("UPDATE credit_transactions SET amount = :n, balance_after = :n"), {"n": credits_each}
            )
            session.execute(sa.text("UPDATE credit_accounts SET balance = :n"), {"n": credits_each})
        return people

    def kill(self, kind: str) -> None:
        """Kill one process of a kind with SIGKILL; the supervisor starts another."""
        random.choice(self.product.find_processes(kind)).kill()

    def flush_redis(self) -> None:
        """Lose every queue, stream, slot and cache."""
        get_redis().flushall()

    def remote_job_ids(self) -> set[str]:
        """The ids of all jobs that the emulated fal.ai took."""
        answer = httpx.get(f"http://127.0.0.1:{self.fal_port}/_jobs", trust_env=False).json()
        return {job["id"] for job in answer["jobs"]}

    def last_words(self) -> str:
        """The end of the product's log."""
        return "\n".join((self._folder / "up.log").read_text().splitlines()[-60:])

    def _serve(self, command: list[str]) -> None:
        self._servers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))


@contextmanager
def stage(*, fault_rate: float) -> Iterator[Stage]:
    """A running stage, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="funmagic-chaos-"))
    running = Stage(folder, fault_rate=fault_rate)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
