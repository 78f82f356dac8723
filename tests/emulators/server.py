"""Runs an emulator's ASGI application on a loopback port: in a thread of the tests, or as a process of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from tests.waiting import wait_until


@contextmanager
def serving(app: Any, port: int) -> Iterator[str]:
    """Serve the application while the block runs; gives its base URL."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = _server(app, port)
    asyncio.set_event_loop(None)
    thread = threading.Thread(target=_run, args=(loop, server), name=f"emulator-{port}", daemon=True)
    thread.start()
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None)
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(server.stop)
    thread.join()


def serve_forever(app: Any, port: int) -> None:
    """Serve the application until the process ends."""

    async def serve() -> None:
        await _server(app, port).serve()

    asyncio.run(serve())


def _server(app: Any, port: int) -> Server:
    return Server(app, "127.0.0.1", port, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)


def _run(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(server.serve())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
