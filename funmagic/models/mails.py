"""Mails on their way out."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, time_field


class OutgoingMail(Row, table=True):
    """A mail to be sent; its words, which may hold a secret link, are sealed, and gone once it has left."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (sa.Index("ix_outgoing_mails_recipient", "recipient", "created_at"),)

    recipient: str = Field(max_length=320)
    kind: str = Field(max_length=40)
    # Encrypted JSON of the locale and the values of its template; None once it has been sent or given up.
    sealed: str | None = Field(default=None, sa_type=sa.Text, nullable=True)
    attempts: int = 0
    # When it is tried again; None once it has been sent or given up.
    next_attempt_at: datetime | None = time_field(index=True)
    sent_at: datetime | None = time_field()
    error: str | None = Field(default=None, max_length=500)
