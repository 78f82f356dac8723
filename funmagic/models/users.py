"""People: users, the accounts they sign in with, and their sessions."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, UtcDateTime, one_of, time_field


class Role(StrEnum):
    """What a user may do: use tools, run the dashboard, or everything."""

    USER = "user"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class AccountProvider(StrEnum):
    """How a user proves who they are."""

    CREDENTIAL = "credential"
    GOOGLE = "google"
    APPLE = "apple"
    FACEBOOK = "facebook"


class User(Row, table=True):
    """A person; the email is stored case-folded and is unique."""

    __tablename__ = "users"
    __table_args__ = (one_of("role", Role),)

    email: str = Field(unique=True, max_length=320)
    name: str = Field(max_length=100)
    role: str = Field(default=Role.USER, max_length=20)
    email_verified_at: datetime | None = time_field()
    # No foreign key: assets belong to users, and a cycle of keys cannot be created in one go on SQLite.
    avatar_asset_id: str | None = Field(default=None, max_length=36)
    locale: str = Field(default="en", max_length=10)
    theme: str = Field(default="system", max_length=10)
    accent: str | None = Field(default=None, max_length=20)
    stripe_customer_id: str | None = Field(default=None, max_length=64, unique=True)
    banned_at: datetime | None = time_field()
    deleted_at: datetime | None = time_field()


class Account(Row, table=True):
    """One way a user signs in; `credential` carries an argon2id password hash."""

    __tablename__ = "accounts"
    __table_args__ = (
        sa.UniqueConstraint("provider", "provider_account_id"),
        one_of("provider", AccountProvider),
    )

    user_id: str = Field(foreign_key="users.id", index=True, max_length=36)
    provider: str = Field(max_length=20)
    provider_account_id: str = Field(max_length=320)
    password_hash: str | None = Field(default=None, max_length=255)


class UserSession(Row, table=True):
    """A signed-in browser; only the SHA-256 of its cookie is kept."""

    __tablename__ = "sessions"

    token_hash: str = Field(unique=True, max_length=64)
    user_id: str = Field(foreign_key="users.id", index=True, max_length=36)
    last_seen_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    expires_at: datetime = Field(sa_type=UtcDateTime, nullable=False, index=True)
    ip: str | None = Field(default=None, max_length=45)
    user_agent: str | None = Field(default=None, max_length=400)
