"""What a browser says of a file before it sends it."""

from typing import Any

from pydantic import Field, ValidationError

from funmagic.core.errors import InvalidInput
from funmagic.core.json import RequestShape


class DescribedFile(RequestShape, extra="ignore"):
    """A file in somebody's browser; the server looks for itself later."""

    name: str = Field(max_length=255)
    type: str = Field(max_length=100)
    size: int = Field(ge=0)


def read_description(info: dict[str, Any]) -> DescribedFile:
    """What a browser says, if it makes sense; raises InvalidInput."""
    try:
        return DescribedFile.model_validate(info)
    except ValidationError:
        raise InvalidInput from None
