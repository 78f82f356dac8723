"""Who did what with an admin's rights."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, json_field


class AuditEntry(Row, table=True):
    """One act of an admin, written in the transaction of the act; entries are only ever added."""

    __tablename__ = "audit_log"
    __table_args__ = (sa.Index("ix_audit_log_subject", "subject_type", "subject_id"),)

    actor_id: str | None = Field(default=None, foreign_key="users.id", index=True, max_length=36)
    # What was done, like `credits.adjust`.
    action: str = Field(max_length=60)
    # What it was done to: a user, a task, a payment.
    subject_type: str = Field(max_length=30)
    subject_id: str = Field(max_length=64)
    reason: str = Field(default="", max_length=500)
    details: dict[str, Any] = json_field()
