"""Files: what users upload and what tools make."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, json_field, one_of, time_field


class AssetKind(StrEnum):
    """What a file is."""

    IMAGE = "image"
    MODEL = "model"
    POINT_CLOUD = "point_cloud"
    AVATAR = "avatar"
    SYSTEM = "system"


class Visibility(StrEnum):
    """Who may see a file."""

    PRIVATE = "private"
    PUBLIC = "public"
    ADMIN_PRIVATE = "admin-private"


class Asset(Row, table=True):
    """A stored file; an upload has no `verified_at` until the server has looked at the bytes."""

    __tablename__ = "assets"
    __table_args__ = (
        sa.UniqueConstraint("bucket", "storage_key"),
        one_of("kind", AssetKind),
        one_of("visibility", Visibility),
        sa.Index("ix_assets_user_id_id", "user_id", "id"),
    )

    user_id: str = Field(foreign_key="users.id", max_length=36)
    task_id: str | None = Field(default=None, foreign_key="tasks.id", index=True, max_length=36)
    tool_slug: str | None = Field(default=None, max_length=80)
    kind: str = Field(max_length=20)
    visibility: str = Field(default=Visibility.PRIVATE, max_length=20)
    bucket: str = Field(max_length=63)
    storage_key: str = Field(max_length=300)
    # A small WebP picture of what is no picture itself, in the same bucket.
    preview_key: str | None = Field(default=None, max_length=300)
    filename: str = Field(max_length=200)
    mime: str = Field(max_length=100)
    size: int
    sha256: str | None = Field(default=None, max_length=64)
    width: int | None = None
    height: int | None = None
    meta: dict[str, Any] = json_field()
    verified_at: datetime | None = time_field()
    # When a task first used an upload; one that nothing ever used is swept.
    used_at: datetime | None = time_field()
    saved_at: datetime | None = time_field()
    published_at: datetime | None = time_field()
    deleted_at: datetime | None = time_field()

    @property
    def stored_keys(self) -> list[str]:
        """Everything that lies in the store for it: the file, and its preview if there is one."""
        return [self.storage_key, *([self.preview_key] if self.preview_key else [])]
