"""The embedded Redis: a private socket, data that survives, and whatever an earlier one left behind."""

import asyncio
import signal
import subprocess

import pytest
import redis

from funmagic.supervisor import embedded_redis
from funmagic.supervisor.errors import StartError
from tests.funmagic.supervisor.children import is_running
from tests.waiting import wait_until


@pytest.fixture
def client(tmp_path):
    with redis.Redis(unix_socket_path=str(tmp_path / "redis.sock"), decode_responses=True) as client:
        yield client


def answering(tmp_path):
    asyncio.run(embedded_redis.wait_until_answering(tmp_path / "redis.sock", within=20))


def test_what_was_written_is_there_after_a_restart(keep, redis_child, tmp_path, client):
    supervisor = keep([redis_child])
    answering(tmp_path)
    client.set("kept", "yes")
    assert supervisor.ends_after(signal.SIGTERM) == 0
    keep([redis_child])
    answering(tmp_path)
    assert client.get("kept") == "yes"


def test_it_listens_on_no_port_and_never_drops_keys(keep, redis_child, tmp_path, client):
    keep([redis_child])
    answering(tmp_path)
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_server_left_over_is_shut_down(redis_child, tmp_path):
    with subprocess.Popen(redis_child["command"], stdout=subprocess.DEVNULL) as leftover:
        answering(tmp_path)
        embedded_redis.stop_leftover(tmp_path / "redis.sock")
        wait_until(lambda: not is_running(leftover.pid))


def test_a_stale_socket_is_no_obstacle(keep, redis_child, tmp_path):
    supervisor = keep([redis_child])
    answering(tmp_path)
    supervisor.ends_after(signal.SIGKILL)
    assert (tmp_path / "redis.sock").exists()
    embedded_redis.stop_leftover(tmp_path / "redis.sock")
    keep([redis_child])
    answering(tmp_path)


def test_a_machine_where_no_server_runs_is_told_what_to_install(monkeypatch, tmp_path):
    too_old = tmp_path / "redis-server"
    too_old.write_text("#!/bin/sh\necho Redis server v=6.0.16\n")
    too_old.chmod(0o755)
    monkeypatch.setattr(embedded_redis.shutil, "which", lambda name: str(tmp_path / name))
    monkeypatch.setattr(embedded_redis.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(StartError, match="apt install redis-server"):
        embedded_redis.find_server()
