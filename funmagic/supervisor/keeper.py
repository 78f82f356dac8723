"""Keeps child processes running: starts again what dies, and stops them all, last started first."""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from circus.arbiter import Arbiter
from circus.watcher import Watcher
from tornado.ioloop import IOLoop

from funmagic.supervisor.backoff import Backoff
from funmagic.supervisor.terminal import ChildOutput, say

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
READ_SIZE = 65_536


@dataclass(frozen=True)
class Child:
    """A process to keep: its command, and the seconds it gets between SIGTERM and SIGKILL.

    What a quiet child says is shown only when it keeps failing.
    """

    name: str
    command: Sequence[str]
    patience: float = 5.0
    quiet: bool = False


class Stopped(Exception):
    """Everything has to stop while something was still starting."""


class Life:
    """What the keeper remembers about one child from start to start."""

    def __init__(self, output: ChildOutput, backoff: Backoff) -> None:
        self.output = output
        self.backoff = backoff
        self.started = 0.0
        # Our own end of the child's output: circus may close its end before the last words are read.
        self.pipe = -1


class Keeper:
    """Runs children under circus until a signal comes or one of them keeps failing (then `failed` is its name).

    Circus spawns, signals and reaps. Its control socket stays inside this process, where no other user can reach it,
    and its timer is off: SIGCHLD says when a child died.
    """

    def __init__(self, *, first_delay: float = 0.2) -> None:
        self.failed = ""
        self._first_delay = first_delay
        self._arbiter = Arbiter([], "inproc://control", "inproc://events", check_delay=-1, loop=IOLoop.current())
        self._groups: list[list[Watcher]] = []
        self._lives: dict[str, Life] = {}
        self._ended = asyncio.Event()

    async def open(self) -> None:
        """Listen for signals; from here on a stop signal ends the wait instead of this process."""
        await self._arbiter.start()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._arbiter.reap_processes)
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._ended.set)

    async def start(self, *children: Child) -> None:
        """Start children that may stop together; they stop before those started earlier."""
        group = [self._watcher(child) for child in children]
        self._groups.append(group)
        for watcher in group:
            await watcher.start()

    async def wait_for(self, readiness: Coroutine[Any, Any, None]) -> None:
        """Wait for what says that a child is ready; Stopped when everything has to stop first."""
        ended, ready = asyncio.ensure_future(self._ended.wait()), asyncio.ensure_future(readiness)
        await asyncio.wait((ended, ready), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not ready.done():
            ready.cancel()
            raise Stopped
        ready.result()

    async def wait_for_end(self) -> None:
        """Wait until a signal came or a child kept failing."""
        await self._ended.wait()

    async def stop(self) -> None:
        """Stop every child, group by group, and leave nothing behind."""
        self._ended.set()
        for group in reversed(self._groups):
            await self._arbiter.stop_watchers(lambda reverse, group=group: group)  # noqa: ARG005 - circus passes it
        self._arbiter.stop_controller_and_close_sockets()

    def _watcher(self, child: Child) -> Watcher:
        life = Life(ChildOutput(child.name, len(self._lives), quiet=child.quiet), Backoff(self._first_delay))
        self._lives[child.name] = life
        hooks: dict[str, tuple[Callable[..., Any], bool]] = {
            "after_spawn": (self._note_start, False),
            "before_reap": (self._clear_up, False),
            "after_reap": (self._note_end, False),
        }
        watcher: Watcher = self._arbiter.add_watcher(
            child.name,
            shlex.quote(sys.executable),
            args=["-m", "funmagic.supervisor.tether", str(os.getpid()), *child.command],
            copy_env=True,
            graceful_timeout=child.patience,
            stdout_stream={"stream": life.output},
            hooks=hooks,
        )
        return watcher

    def _note_start(self, watcher: Watcher, pid: int, **_: Any) -> bool:
        life = self._lives[watcher.name]
        life.started = time.monotonic()
        life.pipe = os.dup(watcher.processes[pid].stdout.fileno())
        return True

    def _clear_up(self, watcher: Watcher, process_pid: int, **_: Any) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process_pid, signal.SIGKILL)  # what the child itself had started
        process, life = watcher.processes[process_pid], self._lives[watcher.name]
        os.set_blocking(life.pipe, False)
        with suppress(BlockingIOError):  # all of it is read
            while data := os.read(life.pipe, READ_SIZE):
                life.output({"data": data})
        os.close(life.pipe)
        life.output.finish()
        if watcher.stream_redirector:  # circus leaves the closed pipe's number registered, and the next pipe may get it
            watcher.stream_redirector.remove_redirections(process)

    def _note_end(self, watcher: Watcher, exit_code: int, **_: Any) -> None:
        if self._ended.is_set():
            return
        life = self._lives[watcher.name]
        delay = life.backoff.delay_after(time.monotonic() - life.started, exit_code)
        how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
        if delay is None:
            self._give_up(watcher.name, how)
        else:
            say(f"{watcher.name} stopped ({how}); starting it again in {delay:.2g} s")
            asyncio.get_running_loop().call_later(delay, self._start_again, watcher)

    def _start_again(self, watcher: Watcher) -> None:
        if not self._ended.is_set() and not watcher.spawn_process():
            self._give_up(watcher.name, "it could not be started")

    def _give_up(self, name: str, how: str) -> None:
        say(f"{name} keeps stopping ({how}). Its last output:")
        for line in self._lives[name].output.last_lines:
            say(f"    {line}")
        self.failed = name
        self._ended.set()
