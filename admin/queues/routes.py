"""The queues under /dashboard/queues: for super admins only, and changed only from its own pages."""

import asyncio
from functools import cache

import structlog
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funmagic import paths
from funmagic.core.errors import Forbidden, FunMagicError, SignInRequired
from funmagic.core.settings import get_settings
from funmagic.http.errors import ForeignOrigin
from funmagic.http.middleware import SAFE_METHODS
from funmagic.http.rates import limit_viewer
from funmagic.http.responses import error_response
from funmagic.sessions.service import COOKIE_NAME, read_viewer

log = structlog.get_logger()

OWN_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}


def mount_queues(api: Starlette) -> None:
    """Serve RQ's dashboard on this application, in threads of its own."""
    gate = SuperAdminsOnly(_serve_dashboard)
    api.routes.append(Route(paths.QUEUES, gate))  # a mount alone does not answer at its own address
    api.mount(paths.QUEUES, gate)


async def _serve_dashboard(scope: Scope, receive: Receive, send: Send) -> None:
    dashboard = await asyncio.to_thread(_dashboard)
    await dashboard(scope, receive, send)


@cache
def _dashboard() -> ASGIApp:
    from a2wsgi import WSGIMiddleware  # noqa: PLC0415 - made at the first visit: Flask is for this page only

    from admin.queues.dashboard import make_dashboard  # noqa: PLC0415

    return WSGIMiddleware(make_dashboard())  # type: ignore[arg-type, return-value] # each has its own ASGI types


class SuperAdminsOnly:
    """Lets super admins through, as the database has it now, and of their unsafe requests those of our own pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, send a visitor to sign in, or answer an error."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request(scope)
        answer = self._app
        try:
            await _admit(request)
        except FunMagicError as error:
            answer = _refuse(request, error)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(OWN_HEADERS)
            await send(message)

        # With its slash: Flask would send the browser there itself, to a scheme that a proxy may have changed.
        path = f"{paths.QUEUES}/" if scope["path"] == paths.QUEUES else scope["path"]
        await answer({**scope, "root_path": paths.QUEUES, "path": path}, receive, send_with_headers)


async def _admit(request: Request) -> None:
    viewer = await read_viewer(request.cookies.get(COOKIE_NAME))
    if viewer is None:
        raise SignInRequired
    await limit_viewer(request.scope, viewer)
    if not viewer.is_super_admin:
        raise Forbidden
    if request.method in SAFE_METHODS:
        return
    if not _is_from_our_pages(request.headers):
        raise ForeignOrigin
    log.info("queues_change_requested", user_id=viewer.id, method=request.method, path=request.url.path)


def _is_from_our_pages(headers: Headers) -> bool:
    # Stricter than the API, which programs use too: here, who cannot show where they come from is refused.
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    return origin in get_settings().allowed_origins


def _refuse(request: Request, error: FunMagicError) -> ASGIApp:
    is_page = request.method in SAFE_METHODS and "text/html" in request.headers.get("accept", "")
    if isinstance(error, SignInRequired) and is_page:
        return RedirectResponse(f"{paths.LOGIN}?next={paths.QUEUES}", 303)
    return error_response(error.status, error.code, error.message, error.details, error.headers)
