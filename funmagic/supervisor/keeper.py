"""Keeps child processes running: starts again what dies, and stops them all, last started first."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from funmagic.supervisor.backoff import Backoff
from funmagic.supervisor.terminal import ChildOutput, print_line

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


class Keeper:
    """Runs children until a signal comes or one of them keeps failing (then `failed` is its name)."""

    def __init__(self, *, first_delay: float = 0.2) -> None:
        self.failed = ""
        self._first_delay = first_delay
        self._groups: list[list[asyncio.Task[None]]] = []
        self._ended = asyncio.Event()

    def open(self) -> None:
        """Listen for signals; from here on a stop signal ends the wait instead of this process."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._ended.set)

    def start(self, *children: Child) -> None:
        """Start children that may stop together; they stop before those started earlier."""
        position = sum(map(len, self._groups))
        outputs = [ChildOutput(child.name, position + n, quiet=child.quiet) for n, child in enumerate(children)]
        self._groups.append(
            [asyncio.create_task(self._keep(child, output)) for child, output in zip(children, outputs, strict=True)]
        )

    async def wait_for(self, readiness: Coroutine[Any, Any, None]) -> None:
        """Wait for what says that a child is ready; Stopped when everything has to stop first."""
        ended = asyncio.ensure_future(self._ended.wait())
        ready = asyncio.ensure_future(readiness)
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
            for task in group:
                task.cancel()
            await asyncio.wait(group)

    async def _keep(self, child: Child, output: ChildOutput) -> None:
        backoff = Backoff(self._first_delay)
        while not self._ended.is_set():
            started = time.monotonic()
            exit_code = await _run(child, output)
            if self._ended.is_set():
                return
            delay = backoff.delay_after(time.monotonic() - started, exit_code)
            how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
            if delay is None:
                self._give_up(child, output, how)
                return
            print_line(f"{child.name} stopped ({how}); starting it again in {delay:.2g} s")
            await asyncio.sleep(delay)

    def _give_up(self, child: Child, output: ChildOutput, how: str) -> None:
        print_line(f"{child.name} keeps stopping ({how}). Its last output:")
        for line in output.last_lines:
            print_line(f"    {line}")
        self.failed = child.name
        self._ended.set()


async def _run(child: Child, output: ChildOutput) -> int:
    """The exit code of a child once it and what it had started are gone; when this is cancelled they are stopped."""
    tether = (sys.executable, "-m", "funmagic.supervisor.tether", str(os.getpid()))
    with _pipe_to(output) as pipe:
        process = await asyncio.create_subprocess_exec(
            *tether, *child.command, stdin=DEVNULL, stdout=pipe, start_new_session=True
        )
        try:
            return await process.wait()
        finally:
            await _end(process, child.patience)


async def _end(process: Process, patience: float) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), patience)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what the child itself had started, and a child that is still there
    await process.wait()


@contextmanager
def _pipe_to(output: ChildOutput) -> Iterator[int]:
    """The end of a pipe to write to; what is in it at the end of the block is read, whoever else holds it open."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: output.take_in(os.read(ours, READ_SIZE)))
    try:
        yield theirs
    finally:
        loop.remove_reader(ours)
        with suppress(BlockingIOError):  # all of it is read
            while True:
                output.take_in(os.read(ours, READ_SIZE))
        output.finish()
        os.close(ours)
        os.close(theirs)
