"""What every table shares: ids, times in UTC by the database's own clock, JSON columns."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import uuid_utils
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> str:
    """A new UUIDv7: unique, and sorting by the time it was made."""
    return str(uuid_utils.uuid7())


def utcnow() -> datetime:
    """The current time by this machine's clock, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime on every database, SQLite included."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Store UTC; SQLite keeps it without a zone."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Read back an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class db_time(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock plus `seconds`: leases compare only times of this one clock."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: float = 0) -> None:
        super().__init__(sa.literal(seconds, sa.Float))


@compiles(db_time, "sqlite")
def _sqlite_time(element: db_time, compiler: Any, **kw: Any) -> str:
    # The trailing zeros give SQLAlchemy's own six-digit format, so that stored and computed times compare as text.
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', ({compiler.process(element.clauses, **kw)}) || ' seconds') || '000')"


@compiles(db_time, "postgresql")
def _postgresql_time(element: db_time, compiler: Any, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


class without_waiting(FunctionElement[bool]):  # noqa: N801 - reads as the SQL function it is
    """True, always; on PostgreSQL the commit of this transaction then does not wait for the disk."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(without_waiting, "sqlite")
def _sqlite_without_waiting(_element: without_waiting, _compiler: Any, **_kw: Any) -> str:
    return "1 = 1"


@compiles(without_waiting, "postgresql")
def _postgresql_without_waiting(_element: without_waiting, _compiler: Any, **_kw: Any) -> str:
    return "set_config('synchronous_commit', 'off', true) IS NOT NULL"


class locked_until_commit(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function it is
    """Waits until no other transaction holds this text; SQLite has one writer at a time anyway."""

    inherit_cache = True


@compiles(locked_until_commit, "sqlite")
def _sqlite_lock(_element: locked_until_commit, _compiler: Any, **_kw: Any) -> str:
    return "1"


@compiles(locked_until_commit, "postgresql")
def _postgresql_lock(element: locked_until_commit, compiler: Any, **kw: Any) -> str:
    return f"CAST(pg_advisory_xact_lock(hashtextextended({compiler.process(element.clauses, **kw)}, 0)) AS text)"


class Row(SQLModel):
    """A table row with a UUIDv7 id and the time it was made."""

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime, nullable=False)


def time_field(*, index: bool = False) -> Any:
    """A nullable UTC time column."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)


def json_field() -> Any:
    """A JSON object column that is never null."""
    return Field(default_factory=dict, sa_type=sa.JSON, nullable=False)


def one_of(column: str, values: type[Any]) -> sa.CheckConstraint:
    """A constraint that the column holds one of an enumeration's values."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=column)
