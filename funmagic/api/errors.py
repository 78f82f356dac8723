"""What is answered instead when something stops a request: one shape, whatever it was."""

import structlog
from fastapi import FastAPI, Request, Response, status
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from funmagic.api.operations.requests import HEADER as REQUEST_ID_HEADER
from funmagic.api.operations.requests import request_id
from funmagic.core.db import DATABASE_AWAY
from funmagic.core.errors import DatabaseUnavailable, FunMagicError, InvalidInput, NotFound
from funmagic.http.middleware import SAFE_METHODS
from funmagic.http.responses import error_response
from funmagic.i18n.translate import _

log = structlog.get_logger()

HTTP_CODES = {401: "UNAUTHORIZED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "BODY_TOO_LARGE"}


def answer_errors(api: FastAPI) -> None:
    """Have every error of this application answered in the one shape."""
    api.add_exception_handler(FunMagicError, answer_named_error)
    api.add_exception_handler(RequestValidationError, answer_invalid_request)
    api.add_exception_handler(HTTPException, answer_http_error)
    api.add_exception_handler(DataError, answer_unstorable_value)
    for away in DATABASE_AWAY:
        api.add_exception_handler(away, answer_without_database)
    api.add_exception_handler(Exception, answer_unexpected_error)


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
