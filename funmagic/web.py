"""The web process: pages, websocket and API on one port, served by granian from the front end already built."""

import gc
import sys
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server
from granian.server.common import AbstractServer
from starlette.types import ASGIApp, Receive, Scope, Send

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.core.telemetry.logs import configure_logging, library_logging
from funmagic.http.headers.built_pages import BUILT_DIR
from funmagic.supervisor.tether import die_with_parent

# Each viewer holds a connection or two open; granian's own limit is 1,024 requests at a time, and the next one hangs.
BACKLOG = 8192
MOST_REQUESTS_AT_ONCE = 8000
# What a request says of itself before its body; a socket's is kept for as long as it is open.
LONGEST_HEAD = 64 * 1024
# What a request in flight gets when the process is to stop.
STOP_SECONDS = 6

# New objects before the collector looks at the youngest, and how many such looks before it looks at older ones. With
# Python's own 700, 10, 10 it looks at everything, for up to half a second, whenever a few dozen people have come.
COLLECT_AFTER = (10_000, 20, 10)
# What libraries load when it is installed, and a web process does not use: clients, and tracebacks in colours.
NOT_USED = ("aiohttp", "pygments")


def serve() -> None:
    """Serve the site until a signal; then requests in flight get a few seconds, and sockets and streams are ended."""
    make_server("funmagic.web:load_app").serve()


def make_server(target: str) -> AbstractServer[Any]:
    """A server of the application that `target` names, at the address of the settings."""
    settings = get_settings()
    return Server(
        target,
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        # Proxies speak it to us; to be ready for HTTP/2 as well costs 12 kB for each open connection.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=LONGEST_HEAD),
        workers=1,
        backlog=BACKLOG,
        backpressure=MOST_REQUESTS_AT_ONCE,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=library_logging(),
    )


def load_app() -> ASGIApp:
    """The whole product as one ASGI application, for granian's worker process."""
    die_with_parent()  # a worker that outlived granian would keep the port
    gc.disable()  # nothing of what is loaded is garbage, and to look for it takes a quarter of the time
    sys.modules.update(dict.fromkeys(NOT_USED))  # type: ignore[arg-type] # None is how Python is told
    app = _load_site()
    _keep_pauses_short()
    return app


def _load_site() -> ASGIApp:
    # In granian's worker only: the process above it would load all of it first, while the worker waits.
    from funmagic.ui.reflex_seams.serving import serve_built_pages  # noqa: PLC0415

    serve_built_pages()

    from funmagic.api.operations.stopping import EndOpenConnections  # noqa: PLC0415
    from funmagic.core.telemetry.traces import configure_tracing  # noqa: PLC0415
    from funmagic.funmagic import app  # noqa: PLC0415
    from funmagic.http.headers.policies import page_policy  # noqa: PLC0415

    configure_logging("web")
    configure_tracing("web")
    served = EndOpenConnections(PagesWithoutSlash(app(), _built_pages()))
    page_policy(paths.HOME)  # it signs an address, for which a store may first have to read long lists
    return served


class PagesWithoutSlash:
    """Answers a page at its own address; the file server would first send browsers to the same address with a slash."""

    def __init__(self, app: ASGIApp, pages: frozenset[str]) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped application does, for pages with the slash it wants."""
        if scope["type"] == "http" and scope["path"] in self._pages:
            scope = {**scope, "path": scope["path"] + "/"}
        await self._app(scope, receive, send)


def _keep_pauses_short() -> None:
    """Exempt what is loaded by now from garbage collection, for whose pauses every request waits."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()


def _built_pages() -> frozenset[str]:
    return frozenset("/" + page.parent.relative_to(BUILT_DIR).as_posix() for page in BUILT_DIR.rglob("*/index.html"))
