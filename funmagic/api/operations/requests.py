"""Every request observed: its id, one log line, its latency, its span."""

import re
import time
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funmagic import paths
from funmagic.api.operations.metrics import HTTP_SECONDS, OPEN_CONNECTIONS
from funmagic.core.settings import get_settings
from funmagic.core.telemetry.traces import Span, span
from funmagic.models.base import new_id

log = structlog.get_logger()

HEADER = "X-Request-ID"
SANE_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
LONGEST_PATH = 300
# A client that left before it was answered; the number is nginx's.
CLIENT_LEFT = 499


class ObserveRequests:
    """Gives each request an id that its answer and all its log lines carry, and notes how it went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as the wrapped application does, and observe it."""
        if scope["type"] == "websocket":
            with OPEN_CONNECTIONS.labels("websocket").track_inprogress():
                await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(_Observed(scope), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, observed: "_Observed", scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = observed.id
        facts = {"request_id": observed.id, "method": observed.method, "path": observed.path}
        with structlog.contextvars.bound_contextvars(**facts):
            if not observed.is_api:
                await self._run(observed, scope, receive, send)
                return
            with span(observed.method, kind="server") as traced:
                try:
                    await self._run(observed, scope, receive, send)
                finally:
                    observed.trace(traced)

    async def _run(self, observed: "_Observed", scope: Scope, receive: Receive, send: Send) -> None:
        async def send_observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                observed.record_start(message)
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except Exception:
            observed.record_defect()
            raise
        finally:
            observed.finish()


def request_id(scope: Scope) -> str:
    """The id of the request being served; empty outside of one."""
    return str(scope.get("state", {}).get("request_id", ""))


class _Observed:
    """What is known of one request."""

    def __init__(self, scope: Scope) -> None:
        wanted = Headers(scope=scope).get(HEADER, "")
        self.id = wanted if SANE_ID.fullmatch(wanted) else new_id()
        self.method = scope["method"] if scope["method"] in METHODS else "OTHER"
        # Encoded again: a line break in an address must not become one in a log.
        self.path = quote(scope["path"], safe="/:@!$&()*+,;=~")[:LONGEST_PATH]
        self.is_api = scope["path"].startswith(paths.API + "/")
        self._scope = scope
        self._status = CLIENT_LEFT
        self._began = time.perf_counter()
        self._is_stream = False

    @property
    def _route(self) -> str:
        """The route's template, of which there are few; what has none counts as one."""
        return getattr(self._scope.get("route"), "path", "") or "other"

    def record_start(self, message: Message) -> None:
        """The answer starts: give it the id, and measure how long it took."""
        headers = MutableHeaders(scope=message)
        headers[HEADER] = self.id
        self._status = message["status"]
        self._is_stream = headers.get("content-type", "").startswith("text/event-stream")
        if self._is_stream:
            OPEN_CONNECTIONS.labels("sse").inc()
        self._measure()

    def record_defect(self) -> None:
        """An exception ends the request; it is answered 500 unless the answer had started."""
        if self._status == CLIENT_LEFT:
            self._status = 500
            self._measure()

    def finish(self) -> None:
        """The request is over: log its line."""
        if self._is_stream:
            OPEN_CONNECTIONS.labels("sse").dec()
        if self.is_api:
            note = log.debug if get_settings().is_local else log.info
            note("request", status=self._status, ms=round((time.perf_counter() - self._began) * 1000, 1))

    def trace(self, traced: Span) -> None:
        """Add to its span what is known now."""
        traced.name(f"{self.method} {self._route}")
        traced.add_attributes(
            {
                "http.request.method": self.method,
                "http.route": self._route,
                "http.response.status_code": self._status,
                "funmagic.request_id": self.id,
            }
        )
        if self._status >= 500:  # noqa: PLR2004 - the server errors of HTTP
            traced.fail(str(self._status))

    def _measure(self) -> None:
        # Until the answer starts: a stream lasts as long as its run.
        HTTP_SECONDS.labels(self.method, self._route, str(self._status)).observe(time.perf_counter() - self._began)
