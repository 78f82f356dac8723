"""A real PostgreSQL server in a folder and on a port of its own; as user `postgres` when we are root."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.ports import free_port

DEBIAN_VERSIONS = Path("/usr/lib/postgresql")


class Cluster:
    """A server from `initdb` to its removal; `durable` keeps the writes safe as in production, else it is fast."""

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="funmagic-postgres-"))
        self._data = self._folder / "data"
        self._port = free_port()
        self._durable = durable

    def start(self) -> None:
        """Make the database files and start the server; returns when it answers."""
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C", self._data)
        self._pg_ctl("start")

    def restart(self) -> None:
        """Stop at once, cutting every connection, and start again."""
        self._pg_ctl("restart", "--mode=immediate")

    def stop(self) -> None:
        """Stop at once, cutting every connection; it can be started again."""
        self._pg_ctl("stop", "--mode=immediate")

    def resume(self) -> None:
        """Start a stopped server."""
        self._pg_ctl("start")

    def remove(self) -> None:
        """Stop the server and delete its files."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def cut_connections(self) -> None:
        """End every connection but our own."""
        _execute(self.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"postgresql://tests@127.0.0.1:{self._port}/postgres"

    def _pg_ctl(self, *words: str) -> None:
        settings = f"-c port={self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        if not self._durable:
            settings += " -c fsync=off -c full_page_writes=off"
        log = self._folder / "server.log"
        self._run("pg_ctl", "--pgdata", self._data, "--wait", "--silent", "--log", log, "--options", settings, *words)

    def _run(self, program: str, *words: Any) -> None:
        command = [find_program(program), *map(str, words)]
        user = "postgres" if os.geteuid() == 0 else None
        done = subprocess.run(command, user=user, cwd=self._folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def create_database(cluster_url: str, name: str) -> str:
    """A new, empty database in a cluster; returns its URL."""
    _execute(cluster_url, f'CREATE DATABASE "{name}"')
    return f"{cluster_url.rpartition('/')[0]}/{name}"


def find_program(name: str) -> str:
    """The path of one of PostgreSQL's server programs; Debian keeps them off the PATH."""
    newest_first = sorted(DEBIAN_VERSIONS.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    path = shutil.which(name, path=os.pathsep.join(map(str, newest_first))) or shutil.which(name)
    assert path, f"{name} is missing: install PostgreSQL (Debian: apt install postgresql)"
    return path


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
