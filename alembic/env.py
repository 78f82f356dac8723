"""Runs migrations against the database the settings name."""

from typing import Any

from alembic import context
from sqlmodel import AutoString

from funmagic.db import get_engine
from funmagic.models.base import UtcDateTime
from funmagic.models.tables import metadata


def render_item(kind: str, item: object, _autogenerate: object) -> Any:
    """Write our column types into migrations in their short, portable form."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length})"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    return False


with get_engine().connect() as connection:
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=is_sqlite, render_item=render_item
    )
    with context.begin_transaction():
        if not is_sqlite:
            # A migration may take its time, but must not queue for a lock and hold up everybody behind it.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        context.run_migrations()
    connection.commit()
