"""Nobody else on a machine reads what the product keeps there."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from funmagic.supervisor import embedded_redis
from funmagic.supervisor.private_files import make_private
from tests.servers import PROJECT

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@pytest.mark.parametrize("was_open", [False, True], ids=["new", "open to all before"])
def test_every_command_shuts_the_data_directory_and_what_it_puts_there(tmp_path: Path, *, was_open: bool) -> None:
    data_dir = tmp_path / "data"
    if was_open:
        data_dir.mkdir()
        data_dir.chmod(0o755)
    settings = {"FUNMAGIC_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "funmagic", "migrate"]
    subprocess.run(command, env=os.environ | settings, cwd=PROJECT, check=True, umask=0o022)
    assert (data_dir / "funmagic.db").is_file()
    assert [path for path in (data_dir, *data_dir.rglob("*")) if path.lstat().st_mode & OTHERS] == []


def test_a_folder_of_sockets_that_was_open_is_shut(tmp_path: Path) -> None:
    folder = tmp_path / "sockets"
    folder.mkdir()
    folder.chmod(0o777)
    embedded_redis.server_command("redis-server", tmp_path / "data", folder / "redis.sock")
    assert not folder.stat().st_mode & OTHERS


def test_shutting_what_is_shut_changes_nothing(tmp_path: Path) -> None:
    make_private(tmp_path / "data")
    (tmp_path / "data").chmod(0o500)
    make_private(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o500
