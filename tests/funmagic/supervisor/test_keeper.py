"""The keeper with children that die, refuse to stop, or have children of their own."""

import os
import signal
from pathlib import Path

from tests.funmagic.supervisor.children import is_running, python_child
from tests.waiting import PATIENCE_S, wait_until

SLEEP = "import signal; signal.pause()"
# pause() would sleep through a signal that came right before it, whose Python handler then never runs.
ATTENTIVE = "import time\nwhile True: time.sleep(0.02)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); signal.pause()"


def with_pid(path: Path, code: str = SLEEP) -> str:
    return f"import os; print(os.getpid(), file=open({str(path)!r}, 'w')); {code}"


def test_a_child_that_is_killed_is_started_again_with_a_line_that_says_so(keep, tmp_path):
    supervisor = keep([python_child("worker-1", with_pid(tmp_path / "pid"))])
    first = supervisor.pid_in(tmp_path / "pid")
    (tmp_path / "pid").unlink()
    os.kill(first, signal.SIGKILL)
    assert supervisor.pid_in(tmp_path / "pid") != first
    supervisor.wait_for_line("worker-1 stopped (signal 9); starting it again in 0.02 s")


def test_a_child_that_keeps_dying_stops_everything_and_its_last_output_is_shown(keep, tmp_path):
    good = python_child("good", with_pid(tmp_path / "pid"))
    bad = python_child("bad", "import sys; print('no database'); sys.exit(3)")
    supervisor = keep([good], [bad])
    assert supervisor.process.wait(PATIENCE_S) == 1
    assert supervisor.output.count("bad stopped (exit code 3)") == 5
    assert "bad keeps stopping (exit code 3). Its last output:\n    no database" in supervisor.output
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_a_child_that_ends_well_is_replaced_as_often_as_it_likes(keep, tmp_path):
    code = f"open({str(tmp_path / 'starts')!r}, 'a').write('x')"
    supervisor = keep([python_child("worker-1", code)])
    wait_until(lambda: (tmp_path / "starts").exists() and len((tmp_path / "starts").read_text()) > 8)
    assert supervisor.ends_after(signal.SIGTERM) == 0


def test_the_last_words_of_a_child_are_not_lost(keep):
    supervisor = keep([python_child("talker", "for n in range(3000): print('line', n)\nraise SystemExit(1)")])
    supervisor.wait_for_line("talker stopped")
    assert "line 2999\n" in supervisor.output


def test_ctrl_c_stops_children_in_reverse_order_and_leaves_no_orphan(keep, tmp_path):
    polite = "signal.signal(signal.SIGTERM, lambda *_: exit('bye'))"
    children = [
        python_child(name, f"import signal; {polite}; {with_pid(tmp_path / name, ATTENTIVE)}")
        for name in ("redis", "web")
    ]
    supervisor = keep(*([child] for child in children))
    pids = [supervisor.pid_in(tmp_path / name) for name in ("redis", "web")]
    supervisor.wait_for_line("all started")
    assert supervisor.ends_after(signal.SIGINT) == 0
    assert not any(map(is_running, pids))
    assert supervisor.output.index("web       | bye") < supervisor.output.index("redis     | bye")


def test_a_child_that_does_not_stop_is_killed_after_its_patience(keep):
    supervisor = keep([python_child("stubborn", STUBBORN, patience=0.2)])
    supervisor.wait_for_line("deaf")
    assert supervisor.ends_after(signal.SIGTERM) == 0


def test_nothing_outlives_a_supervisor_that_is_killed(keep, tmp_path):
    supervisor = keep([python_child(name, with_pid(tmp_path / name)) for name in ("web", "worker-1")])
    pids = [supervisor.pid_in(tmp_path / name) for name in ("web", "worker-1")]
    supervisor.ends_after(signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, pids)))


def test_what_a_killed_child_had_started_dies_before_the_child_starts_again(keep, tmp_path):
    grandchild = with_pid(tmp_path / "grandchild")
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {grandchild!r}]); "
    supervisor = keep([python_child("web", code + with_pid(tmp_path / "pid"))])
    orphan = supervisor.pid_in(tmp_path / "grandchild")
    os.kill(supervisor.pid_in(tmp_path / "pid"), signal.SIGKILL)
    supervisor.wait_for_line("web stopped (signal 9)")
    wait_until(lambda: not is_running(orphan))
