"""What every JSON shape of the HTTP contract shares."""

import base64
from enum import Enum
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from funmagic.core.errors import InvalidInput

PAGE_LIMIT = 100
Choice = TypeVar("Choice", bound=Enum)
# One of an enumeration, which JSON can only name.
Named = Annotated[Choice, Field(strict=False)]


class Shape(BaseModel):
    """A JSON object with camelCase names outside and snake_case names inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, frozen=True)


class RequestShape(BaseModel):
    """The body of a request: camelCase names, no field we do not know, and each value of its own type.

    A number is no text, a text no number, true is not 1 and 1.0 no whole number; NaN and infinity are nothing at all.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )


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
