"""The servers that a product of the fault tests stands on, which tests stop, cut, flush and start again."""

import shutil
import tempfile
from pathlib import Path

from sqlalchemy.exc import OperationalError

from funmagic.core.db import get_engine
from funmagic.core.migrations import migrate
from funmagic.core.redis import get_redis
from tests.emulators.fal import FalEmulator
from tests.postgres import Cluster
from tests.servers import StoppableRedis

FAL_KEY = "fal-key-0123456789:abcdef"


class Servers:
    """A PostgreSQL, a Redis and a fal.ai for all tests of one process, one test at a time."""

    def __init__(self, fal: FalEmulator, fal_address: str) -> None:
        self.fal = fal
        self.fal_address = fal_address
        self.postgresql = Cluster()
        self.redis = StoppableRedis(Path(tempfile.mkdtemp(prefix="funmagic-redis-")))
        self._is_migrated = False

    @property
    def settings(self) -> dict[str, str]:
        """The settings that lead a process to them."""
        return {
            "database_url": self.postgresql.url,
            "redis_url": f"unix://{self.redis.socket}",
            "allowed_private_hosts": self.fal_address.removeprefix("http://"),
        }

    def start(self) -> None:
        """Start them, empty."""
        self.postgresql.start()
        self.redis.start()

    def make_ready(self) -> None:
        """Have them answer this process, whatever an earlier test did to them, and forget that test."""
        get_engine.cache_clear()
        get_redis.cache_clear()
        self._resume_postgresql()
        self.redis.start()
        self.redis.wake()
        get_redis().flushall()
        self.fal.reset()
        if not self._is_migrated:
            migrate()
            self._is_migrated = True

    def remove(self) -> None:
        """Stop them and delete their files."""
        self.redis.stop()
        shutil.rmtree(self.redis.socket.parent)
        self.postgresql.remove()

    def _resume_postgresql(self) -> None:
        try:
            get_engine().connect().close()
        except OperationalError:  # the test that stopped it failed
            self.postgresql.resume()
