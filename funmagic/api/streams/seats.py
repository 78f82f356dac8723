"""How many connections each address and each user holds at this process, and how many they may."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from funmagic.api.streams.errors import TooManyConnections
from funmagic.core.db import DATABASE_AWAY
from funmagic.core.settings import get_settings
from funmagic.http.client_address import client_address
from funmagic.rate_limits.subjects import address_subject
from funmagic.sessions.service import COOKIE_NAME, read_viewer

MOST_REMEMBERED = 10_000


class Kind(StrEnum):
    """What a connection is held for; the settings name the limits of each."""

    SOCKET = "sockets"
    STREAM = "streams"
    REQUEST = "requests"


class Seats:
    """The connections of one process, counted."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[Kind, str]] = Counter()
        # By the session's hash; a session keeps its user for good, and whether it has ended does not matter here.
        self._users: dict[str, str] = {}

    @contextmanager
    def taken(self, kind: Kind, holders: Sequence[str]) -> Iterator[None]:
        """Hold a seat for each of these; raises TooManyConnections when one has as many as they may."""
        if any(self._taken[kind, holder] >= _most(kind, holder) for holder in holders):
            raise TooManyConnections
        self._taken.update((kind, holder) for holder in holders)
        try:
            yield
        finally:
            for holder in holders:
                self._taken[kind, holder] -= 1
                if not self._taken[kind, holder]:
                    del self._taken[kind, holder]

    async def holders_of(self, scope: Mapping[str, Any]) -> list[str]:
        """The holders that a connection counts for: its address, and its user if it comes with a session."""
        found = []
        if address := client_address(dict(scope)):
            found.append(f"address {address_subject(address)}")
        cookies: dict[str, str] = cookie_parser(Headers(raw=scope["headers"]).get("cookie", ""))
        if (token := cookies.get(COOKIE_NAME)) and (user_id := await self._user_of(token)):
            found.append(f"user {user_id}")
        return found

    async def _user_of(self, token: str) -> str | None:
        key = hashlib.sha256(token.encode()).hexdigest()
        if key not in self._users:
            try:
                viewer = await read_viewer(token)
            except DATABASE_AWAY:
                return None
            if viewer is None:
                return None
            if len(self._users) >= MOST_REMEMBERED:
                self._users.clear()
            self._users[key] = viewer.id
        return self._users[key]


def _most(kind: Kind, holder: str) -> int:
    who = holder.partition(" ")[0]
    most: int = getattr(get_settings(), f"{kind}_per_{who}")
    return most


# One for all that this process serves.
seats = Seats()
