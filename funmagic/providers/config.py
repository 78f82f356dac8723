"""What an admin may configure of a provider, checked when it is saved and read by the worker."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, field_validator
from pydantic.alias_generators import to_camel

HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1000}")
# What the client itself must say.
OWN_HEADERS = {"authorization", "host", "content-length", "content-type", "transfer-encoding", "accept-encoding"}


class _Checked(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class RateLimit(_Checked):
    """How often a provider may be called; what is absent is unlimited."""

    max_concurrency: PositiveInt | None = None
    max_per_minute: PositiveInt | None = None
    max_per_day: PositiveInt | None = None
    retry_on_429: Annotated[bool, Field(alias="retryOn429")] = True
    max_retries: Annotated[int, Field(ge=0, le=20)] = 3
    base_backoff_ms: PositiveInt = 1000


class ProviderConfig(_Checked):
    """Limits, headers sent along with every call, and how long one call may take."""

    rate_limit: RateLimit = RateLimit()
    headers: dict[str, str] = {}
    request_timeout_seconds: Annotated[PositiveFloat, Field(le=60)] = 30

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
                raise ValueError("a header is letters, digits and hyphens, and its value plain text of one line")
            if name.lower() in OWN_HEADERS:
                raise ValueError(f"{name} cannot be set here")
        return headers
