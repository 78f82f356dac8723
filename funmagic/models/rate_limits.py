"""Rate limits as super admins set them."""

from typing import Any

from sqlmodel import Field

from funmagic.models.base import Row, json_field


class RateLimitSettings(Row, table=True):
    """The limits in force, one row; what it does not say is as the code has it."""

    __tablename__ = "rate_limit_settings"

    name: str = Field(default="current", unique=True, max_length=20)
    limits: dict[str, Any] = json_field()
    tiers: dict[str, Any] = json_field()
