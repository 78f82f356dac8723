"""What the database holds, to compare with what it held before."""

import sqlalchemy as sa

from funmagic.core.db import reading
from funmagic.models.tables import metadata
from funmagic.sessions.viewer import Viewer


def rows(owner: Viewer | None = None) -> dict[str, list[str]]:
    """All of it, or all that is one person's; but for when a session was last used."""
    found = {}
    with reading() as session:
        for table in metadata.sorted_tables:
            query = sa.select(*(column for column in table.columns if column.name != "last_seen_at"))
            if owner:
                if table.name != "users" and "user_id" not in table.columns:
                    continue
                query = query.where(table.c["id" if table.name == "users" else "user_id"] == owner.id)
            found[table.name] = sorted(map(repr, session.execute(query).all()))
    return found
