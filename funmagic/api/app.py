"""The HTTP contract: every router, what a request passes before it, and what is answered beside."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI, Request, Response, status
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Scope

from funmagic import paths
from funmagic.api.errors import answer_errors
from funmagic.api.oauth.routes import router as oauth
from funmagic.api.openapi import DocumentedApi
from funmagic.api.operations.health import router as health
from funmagic.api.operations.requests import ObserveRequests
from funmagic.api.operations.routes import router as metrics
from funmagic.api.resources.billing import router as billing
from funmagic.api.resources.catalogue import router as catalogue
from funmagic.api.resources.credits import router as credits_
from funmagic.api.resources.library import router as library
from funmagic.api.resources.mailbox import router as mailbox
from funmagic.api.resources.profile import router as profile
from funmagic.api.resources.storage import router as storage
from funmagic.api.resources.tasks import router as tasks
from funmagic.api.sign_in.routes import router as sign_in
from funmagic.api.streams.event_stream import StreamsAfterRoutes
from funmagic.api.streams.limits import LimitConnections
from funmagic.core.errors import NotFound
from funmagic.http.frames import LimitFrames
from funmagic.http.headers.middleware import AnswerHeaders
from funmagic.http.headers.policies import plain_policy
from funmagic.http.middleware import AnswerHeads, LimitBodies, RefuseOtherSites, SpeakCallersLanguage
from funmagic.http.rates import LimitRates
from funmagic.http.responses import ErrorAnswer

ROUTERS = (sign_in, oauth, profile, credits_, billing, catalogue, library, tasks, storage, mailbox, health, metrics)
# What a request passes, from inside to outside.
MIDDLEWARE = (
    LimitBodies,
    LimitConnections,
    LimitRates,
    LimitFrames,
    RefuseOtherSites,
    StreamsAfterRoutes,
    SpeakCallersLanguage,
    AnswerHeads,
    ObserveRequests,
)
ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# It runs a script of ours from a file, brings styles while it runs, and tries operations out.
DOCUMENTATION_NEEDS = {
    "script-src": "'self'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "connect-src": "'self'",
}


class Api(DocumentedApi):
    """The application, whose every answer has its headers, be it that of a defect."""

    def build_middleware_stack(self) -> ASGIApp:
        """What a request passes, from outside to inside."""
        return AnswerHeaders(super().build_middleware_stack())


def create_api(more: Iterable[APIRouter] = ()) -> FastAPI:
    """The plain HTTP part of the product, with `more` routers; Reflex is mounted behind it."""
    api = Api(
        title="FunMagic",
        version="1",
        docs_url=None,
        openapi_url=paths.API_OPENAPI,
        redoc_url=None,
        responses={422: {"model": ErrorAnswer}},
    )
    for router in (*ROUTERS, *more):
        api.include_router(router)
    api.mount(paths.API_DOCS_FILES, StaticFiles(packages=[("fastapi_swagger", "resources")]))
    api.add_api_route(paths.API_DOCS, documentation, include_in_schema=False)
    api.add_api_route("/api/{path:path}", unknown_path, methods=ALL_METHODS, include_in_schema=False)
    for middleware in MIDDLEWARE:
        api.add_middleware(middleware)
    answer_errors(api)
    return api


async def documentation() -> Response:
    """Show the API with files of our own, so that reading it asks nobody else."""
    page = get_swagger_ui_html(
        openapi_url=paths.API_OPENAPI,
        title="FunMagic API",
        swagger_js_url=f"{paths.API_DOCS_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{paths.API_DOCS_FILES}/swagger-ui.css",
        swagger_favicon_url="/ui/favicon.svg",
    )
    policy = plain_policy(bytes(page.body).decode(), DOCUMENTATION_NEEDS)
    page.headers["Content-Security-Policy"] = policy
    return page


async def unknown_path(path: str, request: Request) -> Response:  # noqa: ARG001 - without it FastAPI would not match
    """Answer a path or a method we do not have, before Reflex answers it with a page."""
    routes = [route for route in request.app.routes if getattr(route, "endpoint", None) is not unknown_path]
    # HEAD is answered as GET.
    scopes = {method: {**request.scope, "method": method.replace("HEAD", "GET")} for method in ALL_METHODS}
    allowed = [method for method in ALL_METHODS if any(_fits(route, scopes[method]) for route in routes)]
    if allowed:
        raise HTTPException(status.HTTP_405_METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(allowed)})
    raise NotFound


def _fits(route: BaseRoute, scope: Scope) -> bool:
    # Reflex is mounted behind us at the root, and would fit everything.
    return not isinstance(route, Mount) and route.matches(scope)[0] is Match.FULL
