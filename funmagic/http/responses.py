"""The one shape that every error of the API has."""

from typing import Any

from fastapi.responses import JSONResponse

from funmagic.core.json import Shape


class ErrorFacts(Shape):
    """What went wrong."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorAnswer(Shape):
    """An error."""

    error: ErrorFacts


def error_response(
    number: int, code: str, message: str, details: dict[str, Any], headers: dict[str, str] | None = None
) -> JSONResponse:
    """An error in the one shape that all of the API uses."""
    return JSONResponse({"error": {"code": code, "message": message, "details": details}}, number, headers=headers)
