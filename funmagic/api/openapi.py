"""The OpenAPI document: beside what each operation answers, every error that it may answer instead."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, status
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from funmagic.accounts.errors import (
    EmailTaken,
    EmailUnverified,
    InvalidCredentials,
    LinkExpired,
    WeakPassword,
    WrongPassword,
)
from funmagic.billing.errors import NotRefundable, PackageUnavailable, PaymentsNotSetUp, PaymentsUnavailable
from funmagic.catalogue.errors import ToolUnavailable
from funmagic.core.errors import (
    DatabaseUnavailable,
    Forbidden,
    FunMagicError,
    IdempotencyConflict,
    InvalidInput,
    LiveUpdatesPaused,
    NotFound,
    SettingRefused,
    SignInRequired,
)
from funmagic.core.storage.protocol import StorageUnavailable
from funmagic.credits.errors import InsufficientCredits, RefundTooLarge
from funmagic.http.callers import required_admin, required_super_admin, required_viewer
from funmagic.http.errors import ForeignOrigin
from funmagic.http.middleware import OPEN_TO_OTHER_SITES, SAFE_METHODS
from funmagic.library.errors import (
    DamagedPhoto,
    FileTooLarge,
    ImageTooLarge,
    PhotoTooSmall,
    UnsupportedFile,
    UnusedUploadsFull,
    UploadMissing,
)
from funmagic.profile.errors import LastSuperAdmin, WrongConfirmation
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.tasks.errors import PriceChanged, TaskFinished, TaskNotFailed, TaskRunning, TooManyTasks

ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
# A photo that somebody has uploaded, looked at.
PHOTO = (
    NotFound,
    UploadMissing,
    UnsupportedFile,
    ImageTooLarge,
    DamagedPhoto,
    PhotoTooSmall,
    StorageUnavailable,
)
RUN = (InsufficientCredits, EmailUnverified, TooManyTasks, ToolUnavailable)
SHOP = (PaymentsNotSetUp, PaymentsUnavailable)
# What an operation refuses by itself, and no other; what many do is found in what they take and whom they ask for.
OWN: dict[str, tuple[type[FunMagicError], ...]] = {
    "POST /api/auth/sign-up": (EmailTaken, InvalidCredentials, WeakPassword),
    "POST /api/auth/sign-in": (InvalidCredentials,),
    "GET /api/auth/magic-link/verify": (LinkExpired,),
    "GET /api/tools/{slug}": (ToolUnavailable,),
    "POST /api/auth/magic-link/verify": (LinkExpired, InvalidCredentials),
    "POST /api/auth/verify-email": (LinkExpired,),
    "POST /api/auth/reset-password": (LinkExpired, WeakPassword),
    "GET /api/auth/oauth/{provider}": (ForeignOrigin,),
    "POST /api/upload": (UnsupportedFile, FileTooLarge, UnusedUploadsFull),
    "POST /api/tasks": (*PHOTO, *RUN, PriceChanged, IdempotencyConflict),
    "POST /api/tasks/{task_id}/retry": (*PHOTO, *RUN, TaskNotFailed),
    "POST /api/tasks/{task_id}/cancel": (TaskFinished,),
    "DELETE /api/tasks/{task_id}": (TaskRunning,),
    "GET /api/tasks/{task_id}/stream": (LiveUpdatesPaused,),
    "PUT /api/admin/settings": (SettingRefused,),
    "PUT /api/profile/avatar": PHOTO,
    "PUT /api/profile/password": (WrongPassword, WeakPassword),
    "DELETE /api/profile": (WrongConfirmation, LastSuperAdmin),
    "POST /api/profile/email": (WrongPassword,),
    "POST /api/profile/email/confirm": (LinkExpired, EmailTaken, SignInRequired),
    "POST /api/credits/checkout": (*SHOP, PackageUnavailable, IdempotencyConflict),
    "POST /api/billing/portal": SHOP,
    "POST /api/admin/billing/credits": (NotFound, InsufficientCredits, IdempotencyConflict),
    "POST /api/admin/billing/tasks/{task_id}/refund": (RefundTooLarge, IdempotencyConflict),
    "POST /api/admin/billing/payments/{payment_id}/refund": (
        *SHOP,
        NotRefundable,
        IdempotencyConflict,
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
        found[NotFound.status].add(NotFound.code)
    if "requestBody" in operation:
        found[status.HTTP_413_CONTENT_TOO_LARGE].add("BODY_TOO_LARGE")
    if "requestBody" in operation or any(parameter["name"] == "cursor" for parameter in parameters):
        found[InvalidInput.status].add(InvalidInput.code)
    found[status.HTTP_422_UNPROCESSABLE_CONTENT].add("VALIDATION_ERROR")
    return found


def _common(route: APIRoute, method: str) -> Iterator[type[FunMagicError]]:
    yield from (TooManyRequests, DatabaseUnavailable)
    guards = set(_calls(route.dependant))
    if required_viewer in guards:
        yield SignInRequired
    if guards & {required_admin, required_super_admin}:
        yield Forbidden
    if method not in SAFE_METHODS:
        yield InvalidInput
        if route.path not in OPEN_TO_OTHER_SITES:
            yield ForeignOrigin


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
