"""Runs migrations against the database the settings name."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlmodel import AutoString

from funmagic.core.db import get_engine
from funmagic.models.base import UtcDateTime
from funmagic.models.tables import metadata


def render_item(kind: str, item: object, _autogenerate: object) -> Any:
    """Write our column types into migrations in their short, portable form."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length})"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    return False


def keep_references(connection: sa.Connection, *, are_kept: bool) -> None:
    """Have SQLite refuse to drop a table that others name, or let it: to change a table is to replace it there."""
    # Inside a transaction it would do nothing.
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys={'ON' if are_kept else 'OFF'}")


with get_engine().connect() as connection:
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=is_sqlite, render_item=render_item
    )
    if is_sqlite:
        keep_references(connection, are_kept=False)
    try:
        with context.begin_transaction():
            if not is_sqlite:
                # A migration may take its time, but must not queue for a lock and hold up everybody behind it.
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            context.run_migrations()
            if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"These rows would name others that are gone: {broken}")
        connection.commit()
    finally:
        if is_sqlite:
            connection.rollback()
            keep_references(connection, are_kept=True)
