"""The whole product under a supervisor, on a PostgreSQL, a Redis and providers of its own, as `make chaos` hurts it."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil
import sqlalchemy as sa

from funmagic.core.db import get_engine, transaction
from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.models.base import utcnow
from funmagic.providers.breakers import read_breakers
from funmagic.sessions.viewer import Viewer
from funmagic.supervisor import embedded_redis
from tests import factories
from tests.browser.product import Product
from tests.chaos.providers import configure_tools, emulated_providers
from tests.limits import lift_limits
from tests.postgres import Cluster

MODELS = Path(".data/models")
WORKERS, STREAM_WORKERS = 3, 2
RUNNING_PER_USER = 10
BREAKER_OPENED = re.compile(r"breaker_opened.*provider=(\w+)")


class Stage:
    """Everything that runs, and how to break it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.cluster = Cluster()
        self.providers = emulated_providers()
        self._servers: list[subprocess.Popen[bytes]] = []
        self.redis_killed_at: datetime | None = None

    def start(self) -> None:
        """Bring all of it up, with every step done by an emulated provider."""
        self.cluster.start()
        environment = {
            "FUNMAGIC_DATA_DIR": str(self._folder),
            "FUNMAGIC_DATABASE_URL": self.cluster.url,
            "FUNMAGIC_REDIS_URL": f"unix://{self._socket}",
            "FUNMAGIC_WORKERS": str(WORKERS),
            "FUNMAGIC_STREAM_WORKERS": str(STREAM_WORKERS),
            "FUNMAGIC_MAX_RUNNING_TASKS": str(RUNNING_PER_USER),
            "FUNMAGIC_ALLOWED_PRIVATE_HOSTS": ",".join(f"127.0.0.1:{one.port}" for one in self.providers.values()),
        }
        os.environ.update(environment)
        get_settings.cache_clear()
        self._redis = self._start_redis()
        self._servers.extend(provider.serve() for provider in self.providers.values())
        (self._folder / "models").symlink_to(MODELS.resolve())
        self.product = Product(self._folder, environment)
        self.product.start()
        with transaction() as session:
            lift_limits(session)
            for provider in self.providers.values():
                provider.set_up(session)
            configure_tools(session)

    def stop(self) -> None:
        """Stop the product and its servers."""
        if not self.product.has_stopped():
            self.product.stop()
        for server in (*self._servers, self._redis):
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

    def kill(self, kind: str, *, settled_s: float = 0) -> bool:
        """Kill the longest living process of a kind with SIGKILL; False when none has lived for so long."""
        living = self.product.find_processes(kind)
        try:
            oldest = min(living, key=lambda process: process.create_time())
            if time.time() - oldest.create_time() < settled_s:
                return False
            oldest.kill()
        except (ValueError, psutil.NoSuchProcess):
            return False
        return True

    def flush_redis(self) -> None:
        """Lose every queue, stream, slot and cache."""
        get_redis().flushall()

    def restart_redis(self) -> None:
        """Kill Redis with SIGKILL and start it again, with what it had written down."""
        self._redis.kill()
        self._redis.wait()
        self.redis_killed_at = utcnow()
        self._redis = self._start_redis()

    def run_out_of_credit(self, name: str) -> None:
        """Have a provider refuse the account the next time that it is asked for work."""
        provider = self.providers[name]
        provider.script(faults=[{"name": provider.exhausted}])

    def top_up(self, name: str) -> bool:
        """Do what an admin does once the account was refused: top it up, and save it; False while it was not."""
        if not read_breakers("web", [name])[name].has_refused:
            return False
        with transaction() as session:
            self.providers[name].set_up(session)
        return True

    def misbehave(self, *, fault_rate: float) -> None:
        """Have every provider forget what was, and from now on deal out faults at this rate."""
        for provider in self.providers.values():
            provider.script(reset=True, faultRate=fault_rate)

    def opened_breakers(self) -> Counter[str]:
        """How often the breaker of each provider opened."""
        return Counter(BREAKER_OPENED.findall((self._folder / "up.log").read_text()))

    def last_words(self) -> str:
        """The end of the product's log."""
        return "\n".join((self._folder / "up.log").read_text().splitlines()[-60:])

    def keep_log(self) -> Path:
        """A copy of the product's log, which outlives the stage."""
        kept = Path(tempfile.mkstemp(prefix="funmagic-chaos-", suffix=".log")[1])
        shutil.copyfile(self._folder / "up.log", kept)
        return kept

    @property
    def _socket(self) -> Path:
        return self._folder / "redis.sock"

    def _start_redis(self) -> subprocess.Popen[bytes]:
        command = embedded_redis.server_command(embedded_redis.find_server(), self._folder / "redis", self._socket)
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)


@contextmanager
def stage() -> Iterator[Stage]:
    """A running stage, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="funmagic-chaos-"))
    running = Stage(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
