"""AI providers of the user site: where they are, how they are limited, whether they are well."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field

from funmagic.models.base import Row, json_field, time_field


class ProviderScope(StrEnum):
    """Who uses a provider: the tools of the site, or the admins' studio. Limits and breakers are counted per scope."""

    WEB = "web"
    ADMIN = "admin"


class Provider(Row, table=True):
    """A provider that tool steps name; its credentials are stored encrypted and opened in the worker only."""

    __tablename__ = "providers"

    name: str = Field(unique=True, max_length=50)
    display_name: str = Field(max_length=100)
    type: str = Field(max_length=50)
    api_key_encrypted: str | None = Field(default=None, max_length=1000)
    credentials_encrypted: str | None = Field(default=None, max_length=4000)
    base_url: str | None = Field(default=None, max_length=300)
    config: dict[str, Any] = json_field()
    is_active: bool = True
    is_healthy: bool = True
    # Why it is not healthy, for admins.
    health_note: str | None = Field(default=None, max_length=300)
    last_health_check_at: datetime | None = time_field()


# Where the providers of each scope that has any are.
PROVIDER_TABLES = {ProviderScope.WEB: Provider}
