"""Whose a tab's state is."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.requests import cookie_parser

from funmagic.accounts.tokens import digest
from funmagic.core.db import DATABASE_AWAY
from funmagic.sessions.service import COOKIE_NAME, read_viewer

log = structlog.get_logger()


@dataclass(frozen=True)
class Holder:
    """The user for whom a state was filled, in the role they had, and the session in which they were last seen."""

    user_id: str = ""
    role: str = ""
    session: str = ""

    def is_also(self, other: "Holder") -> bool:
        """Whether both are the same person with the same rights."""
        return (self.user_id, self.role) == (other.user_id, other.role)


NOBODY = Holder()
UNKNOWN = "unknown"


def session_of(headers: Mapping[str, str]) -> str:
    """The secret of the session in a socket's headers; empty where there is none."""
    cookies: dict[str, str] = cookie_parser(headers.get("cookie", ""))
    return cookies.get(COOKIE_NAME, "")


async def find_holder(token: str, before: Holder) -> Holder:
    """Whose session this is now.

    While the database cannot say, the session that was somebody's a moment ago still is. Any other is that of somebody
    unknown, so that what its handlers may find all the same is never taken for a visitor's.
    """
    try:
        viewer = await read_viewer(token)
    except DATABASE_AWAY as error:
        log.warning("holder_not_looked_up", error=str(error))
        return before if before.session == digest(token) else Holder(UNKNOWN, session=digest(token))
    return Holder(viewer.id, viewer.role, digest(token)) if viewer else NOBODY
