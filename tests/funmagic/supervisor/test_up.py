"""What keeps the product from starting is said at once, in one sentence."""

import subprocess
import sys

import pytest

from funmagic.core.settings import Settings
from funmagic.supervisor import up as supervisor
from funmagic.supervisor.data_lock import sole_use_of
from funmagic.supervisor.errors import StartError
from funmagic.supervisor.ports import check_port_is_free
from tests.waiting import PATIENCE_S

UP = [sys.executable, "-c", "import sys; from funmagic.supervisor.up import run_everything; sys.exit(run_everything())"]


def up(monkeypatch, tmp_path, port):
    monkeypatch.setenv("FUNMAGIC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FUNMAGIC_PORT", str(port))
    return subprocess.run(UP, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_busy_port_ends_the_start_before_anything_else(monkeypatch, tmp_path, busy_port):
    result = up(monkeypatch, tmp_path, busy_port)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Port {busy_port} on 127.0.0.1 cannot be used")
    assert "FUNMAGIC_PORT" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_second_start_on_the_same_data_directory_is_refused(monkeypatch, tmp_path, free_port):
    with sole_use_of(tmp_path):
        result = up(monkeypatch, tmp_path, free_port)
    assert result.returncode == 1
    assert result.stderr.startswith(f"FunMagic is already running on {tmp_path}")


def test_a_data_directory_is_free_again_once_its_holder_is_done(tmp_path):
    with sole_use_of(tmp_path), pytest.raises(StartError), sole_use_of(tmp_path):
        pass
    with sole_use_of(tmp_path):
        pass


def test_a_port_just_given_up_is_free(free_port):
    check_port_is_free("127.0.0.1", free_port)


def welcome(capsys, first_admin=None, **settings):
    supervisor._welcome(Settings(port=4321, **settings), first_admin)
    return capsys.readouterr().out


def test_the_first_start_says_how_to_sign_in_as_super_admin(capsys):
    said = welcome(capsys, ("root@example.com", "s3cret"))
    assert "Super admin: sign in as root@example.com with the password s3cret (shown only now)." in said
    assert "http://localhost:4321/login" in said
    assert "http://localhost:4321/dev/mailbox" in said


def test_where_mails_really_leave_nobody_is_sent_to_the_development_mailbox(capsys):
    said = welcome(capsys, ("root@example.com", "s3cret"), smtp_url="smtp://mail.example:25")
    assert "s3cret" in said
    assert "mailbox" not in said


def test_a_later_start_says_where_the_product_is_and_no_password(capsys):
    said = welcome(capsys)
    assert "http://localhost:4321" in said
    assert "password" not in said
