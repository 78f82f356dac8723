"""The HTTP contract: every router, one shape for every error, and the guard against other sites."""

import structlog
from fastapi import FastAPI, Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Scope

from funmagic import health, paths
from funmagic.accounts import routes as account_routes
from funmagic.audit import routes as audit_routes
from funmagic.billing import admin_routes as billing_admin_routes
from funmagic.billing import routes as billing_routes
from funmagic.connections.limits import LimitConnections
from funmagic.credits import correction_routes
from funmagic.credits import routes as credit_routes
from funmagic.db import DATABASE_AWAY
from funmagic.errors import DatabaseUnavailable, FunMagicError, InvalidInput, NotFound
from funmagic.frames import LimitFrames
from funmagic.headers.middleware import AnswerHeaders
from funmagic.headers.policies import plain_policy
from funmagic.i18n.translate import _
from funmagic.json_api import ErrorAnswer, error_response
from funmagic.library import routes as library_routes
from funmagic.mailbox import routes as mailbox_routes
from funmagic.middleware import SAFE_METHODS, AnswerHeads, LimitBodies, RefuseOtherSites, SpeakCallersLanguage
from funmagic.oauth import routes as oauth_routes
from funmagic.openapi import DocumentedApi
from funmagic.profile import routes as profile_routes
from funmagic.rate_limits import routes as rate_limit_routes
from funmagic.rate_limits.requests import LimitRates
from funmagic.storage import routes as storage_routes
from funmagic.tasks import routes as task_routes
from funmagic.tasks.event_stream import StreamsAfterRoutes
from funmagic.telemetry import routes as telemetry_routes
from funmagic.telemetry.requests import HEADER as REQUEST_ID_HEADER
from funmagic.telemetry.requests import ObserveRequests, request_id
from funmagic.tools import routes as tool_routes

log = structlog.get_logger()

ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# It runs a script of ours from a file, brings styles while it runs, and tries operations out.
DOCUMENTATION_NEEDS = {
    "script-src": "'self'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "connect-src": "'self'",
}
HTTP_CODES = {401: "UNAUTHORIZED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "BODY_TOO_LARGE"}


class Api(DocumentedApi):
    """The application, whose every answer has its headers, be it that of a defect."""

    def build_middleware_stack(self) -> ASGIApp:
        """What a request passes, from outside to inside."""
        return AnswerHeaders(super().build_middleware_stack())


def create_api() -> FastAPI:
    """The plain HTTP part of the product; Reflex is mounted behind it."""
    api = Api(
        title="FunMagic",
        version="1",
        docs_url=None,
        openapi_url=paths.API_OPENAPI,
        redoc_url=None,
        responses={422: {"model": ErrorAnswer}},
    )
    rooms = (account_routes, credit_routes, tool_routes, library_routes, task_routes, storage_routes, rate_limit_routes)
    for room in rooms:
        api.include_router(room.router)
    api.mount(paths.API_DOCS_FILES, StaticFiles(packages=[("fastapi_swagger", "resources")]))
    api.add_api_route(paths.API_DOCS, documentation, include_in_schema=False)
    api.include_router(oauth_routes.router)
    api.include_router(profile_routes.router)
    api.include_router(billing_routes.router)
    api.include_router(billing_admin_routes.router)
    api.include_router(correction_routes.router)
    api.include_router(audit_routes.router)
    api.include_router(mailbox_routes.router)
    api.include_router(health.router)
    api.include_router(telemetry_routes.router)
    api.add_api_route("/api/{path:path}", unknown_path, methods=ALL_METHODS, include_in_schema=False)
    api.add_middleware(LimitBodies)
    api.add_middleware(LimitConnections)
    api.add_middleware(LimitRates)
    api.add_middleware(LimitFrames)
    api.add_middleware(RefuseOtherSites)
    api.add_middleware(StreamsAfterRoutes)
    api.add_middleware(SpeakCallersLanguage)
    api.add_middleware(AnswerHeads)
    api.add_middleware(ObserveRequests)
    api.add_exception_handler(FunMagicError, answer_named_error)
    api.add_exception_handler(RequestValidationError, answer_invalid_request)
    api.add_exception_handler(HTTPException, answer_http_error)
    api.add_exception_handler(DataError, answer_unstorable_value)
    for away in DATABASE_AWAY:
        api.add_exception_handler(away, answer_without_database)
    api.add_exception_handler(Exception, answer_unexpected_error)
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


async def answer_named_error(_request: Request, error: Exception) -> Response:
    """A named error in the contract's shape."""
    if not isinstance(error, FunMagicError):
        raise error
    return error_response(error.status, error.code, error.message, error.details, error.headers)


async def answer_invalid_request(_request: Request, error: Exception) -> Response:
    """A body or a parameter that does not fit the schema."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    fields = {".".join(str(part) for part in problem["loc"][1:]): problem["msg"] for problem in problems}
    return error_response(
        status.HTTP_422_UNPROCESSABLE_CONTENT, "VALIDATION_ERROR", _(InvalidInput.text), {"fields": fields}
    )


async def answer_http_error(_request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: an unknown path, a method that is not there."""
    number = error.status_code if isinstance(error, HTTPException) else status.HTTP_500_INTERNAL_SERVER_ERROR
    code = HTTP_CODES.get(number, "BAD_REQUEST")
    text = _(NotFound.text) if number == status.HTTP_404_NOT_FOUND else _(FunMagicError.text)
    return error_response(number, code, text, {}, dict(getattr(error, "headers", None) or {}))


async def answer_unstorable_value(request: Request, _error: Exception) -> Response:
    """A value that PostgreSQL cannot even look for, such as text with a zero byte in it."""
    is_look_up = request.method in SAFE_METHODS
    return await answer_named_error(request, NotFound() if is_look_up else InvalidInput())


async def answer_without_database(request: Request, error: Exception) -> Response:
    """The database is away, or too busy to answer in time."""
    log.warning("database_unavailable", method=request.method, path=request.url.path, error=str(error))
    return await answer_named_error(request, DatabaseUnavailable())


async def answer_unexpected_error(request: Request, error: Exception) -> Response:
    """A defect of ours: logged whole, told in general terms, with the id under which the log has it."""
    id_ = request_id(request.scope)
    log.error("request_failed", request_id=id_, method=request.method, path=request.url.path, exc_info=error)
    text = _("Something went wrong on our side. Please try again.")
    number = status.HTTP_500_INTERNAL_SERVER_ERROR
    return error_response(number, "INTERNAL_ERROR", text, {"requestId": id_}, {REQUEST_ID_HEADER: id_})
