"""Who runs what may run only once, such as the clock."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from funmagic.models.base import UtcDateTime

# What the leading clock holds, and the process that audits the books.
CLOCK_LEASE = "clock"
AUDIT_LEASE = "credits-audit"


class Lease(SQLModel, table=True):
    """A name that one process holds until a time by the database's clock."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True, max_length=50)
    holder: str = Field(max_length=36)
    expires_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
