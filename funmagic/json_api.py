"""What every JSON shape of the HTTP contract shares."""

import base64
from typing import Any
from uuid import UUID

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from funmagic.errors import InvalidInput

PAGE_LIMIT = 100


class Shape(BaseModel):
    """A JSON object with camelCase names outside and snake_case names inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, frozen=True)


class RequestShape(BaseModel):
    """The body of a request: camelCase names, and no field we do not know."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


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


def encode_cursor(last_id: str) -> str:
    """An opaque cursor that continues a newest-first list after this id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The id a cursor stands for; raises InvalidInput for one that we did not make."""
    if not cursor:
        return None
    try:
        return str(UUID(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()))
    except ValueError:
        raise InvalidInput(field="cursor") from None
