"""The catalogue: tool types and tools; what a tool does lives in the code's registry under its kind."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, json_field


class ToolType(Row, table=True):
    """A category that tools are listed under."""

    __tablename__ = "tool_types"

    name: str = Field(unique=True, max_length=50)
    title: str = Field(max_length=100)
    icon: str = Field(default="sparkles", max_length=50)
    colour: str = Field(default="", max_length=20)
    position: int = 0
    is_active: bool = True
    translations: dict[str, Any] = json_field()


class Tool(Row, table=True):
    """A tool people run; `config` holds per step its provider, model, cost and options."""

    __tablename__ = "tools"

    slug: str = Field(unique=True, max_length=80)
    kind: str = Field(max_length=50)
    tool_type_id: str = Field(foreign_key="tool_types.id", index=True, max_length=36)
    title: str = Field(max_length=100)
    description: str = Field(default="", max_length=1000)
    features: list[str] = Field(default_factory=list, sa_type=sa.JSON, nullable=False)
    thumbnail: str = Field(default="", max_length=300)
    config: dict[str, Any] = json_field()
    is_active: bool = True
    is_featured: bool = False
    usage_count: int = 0
    rating_sum: int = 0
    rating_count: int = 0
    translations: dict[str, Any] = json_field()
