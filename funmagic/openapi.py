"""The OpenAPI document: beside what each operation answers, every error that it may answer instead."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, status
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from funmagic import errors
from funmagic.accounts.http import required_admin, required_super_admin, required_viewer
from funmagic.errors import FunMagicError
from funmagic.library.errors import DamagedPhoto, PhotoTooSmall, UnusedUploadsFull
from funmagic.middleware import OPEN_TO_OTHER_SITES, SAFE_METHODS
from funmagic.storage.protocol import StorageUnavailable

ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
# A photo that somebody has uploaded, looked at.
PHOTO = (
    errors.NotFound,
    errors.UploadMissing,
    errors.UnsupportedFile,
    errors.ImageTooLarge,
    DamagedPhoto,
    PhotoTooSmall,
    StorageUnavailable,
)
RUN = (errors.InsufficientCredits, errors.EmailUnverified, errors.TooManyTasks, errors.ToolUnavailable)
SHOP = (errors.PaymentsNotSetUp, errors.PaymentsUnavailable)
# What an operation refuses by itself, and no other; what many do is found in what they take and whom they ask for.
OWN: dict[str, tuple[type[FunMagicError], ...]] = {
    "POST /api/auth/sign-up": (errors.EmailTaken, errors.WeakPassword),
    "POST /api/auth/sign-in": (errors.InvalidCredentials,),
    "GET /api/auth/magic-link/verify": (errors.LinkExpired,),
    "GET /api/tools/{slug}": (errors.ToolUnavailable,),
    "POST /api/auth/magic-link/verify": (errors.LinkExpired, errors.InvalidCredentials),
    "POST /api/auth/verify-email": (errors.LinkExpired,),
    "POST /api/auth/reset-password": (errors.LinkExpired, errors.WeakPassword),
    "GET /api/auth/oauth/{provider}": (errors.ForeignOrigin,),
    "POST /api/upload": (errors.UnsupportedFile, errors.FileTooLarge, UnusedUploadsFull),
    "POST /api/tasks": (*PHOTO, *RUN, errors.PriceChanged, errors.IdempotencyConflict),
    "POST /api/tasks/{task_id}/retry": (*PHOTO, *RUN, errors.TaskNotFailed),
    "POST /api/tasks/{task_id}/cancel": (errors.TaskFinished,),
    "DELETE /api/tasks/{task_id}": (errors.TaskRunning,),
    "GET /api/tasks/{task_id}/stream": (errors.LiveUpdatesPaused,),
    "PUT /api/admin/settings": (errors.SettingRefused,),
    "PUT /api/profile/avatar": PHOTO,
    "PUT /api/profile/password": (errors.WrongPassword, errors.WeakPassword),
    "DELETE /api/profile": (errors.WrongConfirmation, errors.LastSuperAdmin),
    "POST /api/profile/email": (errors.WrongPassword,),
    "POST /api/profile/email/confirm": (errors.LinkExpired, errors.EmailTaken, errors.SignInRequired),
    "POST /api/credits/checkout": (*SHOP, errors.PackageUnavailable, errors.IdempotencyConflict),
    "POST /api/billing/portal": SHOP,
    "POST /api/admin/billing/credits": (errors.NotFound, errors.InsufficientCredits, errors.IdempotencyConflict),
    "POST /api/admin/billing/tasks/{task_id}/refund": (errors.RefundTooLarge, errors.IdempotencyConflict),
    "POST /api/admin/billing/payments/{payment_id}/refund": (
        *SHOP,
        errors.NotRefundable,
        errors.IdempotencyConflict,
    ),
}


class DocumentedApi(FastAPI):
    """An application whose OpenAPI document names the errors of every operation."""

    def openapi(self) -> dict[str, Any]:
        """The document, made on first use."""
        if self.openapi_schema is None:
            routes = {(method, route.path): route for route in _routes(self.routes) for method in route.methods or ()}
            for path, methods in super().openapi()["paths"].items():
                for method, operation in methods.items():
                    name = (method.upper(), path)
                    _describe_errors(operation, _statuses(name, routes[name], operation))
        return super().openapi()


def _describe_errors(operation: dict[str, Any], refusals: dict[int, set[str]]) -> None:
    for number, codes in sorted(refusals.items()):
        text = f"{HTTPStatus(number).phrase}: {', '.join(sorted(codes))}"
        operation["responses"][str(number)] = {"description": text, "content": ERROR}


def _statuses(name: tuple[str, str], route: APIRoute, operation: dict[str, Any]) -> dict[int, set[str]]:
    """The codes that this operation may refuse with, by status."""
    method, path = name
    found: dict[int, set[str]] = defaultdict(set)
    for error in (*_common(route, method), *OWN.get(f"{method} {path}", ())):
        found[error.status].add(error.code)
    parameters = operation.get("parameters", [])
    if any(parameter["in"] == "path" for parameter in parameters):
        found[errors.NotFound.status].add(errors.NotFound.code)
    if "requestBody" in operation:
        found[status.HTTP_413_CONTENT_TOO_LARGE].add("BODY_TOO_LARGE")
    if "requestBody" in operation or any(parameter["name"] == "cursor" for parameter in parameters):
        found[errors.InvalidInput.status].add(errors.InvalidInput.code)
    found[status.HTTP_422_UNPROCESSABLE_CONTENT].add("VALIDATION_ERROR")
    return found


def _common(route: APIRoute, method: str) -> Iterator[type[FunMagicError]]:
    yield from (errors.TooManyRequests, errors.DatabaseUnavailable)
    guards = set(_calls(route.dependant))
    if required_viewer in guards:
        yield errors.SignInRequired
    if guards & {required_admin, required_super_admin}:
        yield errors.Forbidden
    if method not in SAFE_METHODS:
        yield errors.InvalidInput
        if route.path not in OPEN_TO_OTHER_SITES:
            yield errors.ForeignOrigin


def _calls(dependant: Dependant) -> Iterator[Any]:
    for part in dependant.dependencies:
        yield part.call
        yield from _calls(part)


def _routes(routes: Any) -> Iterator[APIRoute]:
    """Every route, also of the routers within."""
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from _routes(included.routes)
        elif isinstance(route, APIRoute):
            yield route
