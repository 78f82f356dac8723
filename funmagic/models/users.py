"""People: users, the accounts they sign in with, and their sessions."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, UtcDateTime, json_field, one_of, time_field


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


class TokenPurpose(StrEnum):
    """What a link that was mailed to somebody is good for."""

    MAGIC_LINK = "magic-link"
    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"
    # An email changes when every address that was asked has agreed.
    LEAVE_EMAIL = "leave-email"
    CLAIM_EMAIL = "claim-email"


class User(Row, table=True):
    """A person; the email is stored in its canonical form and is unique."""

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


class OneTimeToken(Row, table=True):
    """The secret of a mailed link; only its SHA-256 is kept, and it works once."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (one_of("purpose", TokenPurpose), sa.Index("ix_one_time_tokens_email", "email", "purpose"))

    purpose: str = Field(max_length=20)
    token_hash: str = Field(unique=True, max_length=64)
    # Where the link was sent.
    email: str = Field(max_length=320)
    # None where whoever follows the link becomes a user by it.
    user_id: str | None = Field(default=None, foreign_key="users.id", index=True, max_length=36)
    data: dict[str, Any] = json_field()
    expires_at: datetime = Field(sa_type=UtcDateTime, nullable=False, index=True)
    used_at: datetime | None = time_field()
