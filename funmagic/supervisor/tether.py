"""Ties a process to the one that started it: `python -m funmagic.supervisor.tether PARENT_PID COMMAND…`."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent is gone, even by kill -9; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(parent: int, command: list[str]) -> None:
    """Become `command`, tied to `parent`, with errors and output in one stream; never returns."""
    die_with_parent()
    if os.getppid() != parent:  # it was gone before the tie was made
        sys.exit(1)
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    os.execvp(command[0], command)  # noqa: S606 - the supervisor's own commands


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
