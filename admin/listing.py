"""Lists of the dashboard: a page at a time, filtered and sorted, with all of that in the address."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from funmagic.core.errors import Forbidden, InvalidInput, SignInRequired
from funmagic.tabs.callers import require_admin

PAGE = 25
# As long as an email can be.
LONGEST_VALUE = 320
ORDER = "order"
OLDEST_FIRST = "oldest"
CURSOR = "cursor"


@dataclass(frozen=True)
class Wanted:
    """What an address asks a list for."""

    filters: dict[str, str]
    oldest_first: bool = False
    cursor: str | None = None


class ListState(rx.State, mixin=True):
    """A list in one tab. A screen that mixes this in says where it is, names its filters, and fills its rows."""

    is_loaded: bool = False
    # The address asks for a page that there is not.
    is_lost: bool = False
    filters: dict[str, str] = {}
    is_filtered: bool = False
    order: str = ""
    # Empty on the first page and on the last.
    first_url: str = ""
    next_url: str = ""

    _path: str = ""
    _filter_names: tuple[str, ...] = ()

    @rx.event
    async def load(self) -> None:
        """Show an admin what the address asks for; whoever is none any more loses what was shown."""
        try:
            await require_admin(self)
        except (SignInRequired, Forbidden):
            if self.is_loaded:
                self.reset()  # type: ignore[no-untyped-call]
            raise
        wanted = self._read_address()
        self.filters = wanted.filters
        self.is_filtered = any(wanted.filters.values())
        self.order = OLDEST_FIRST if wanted.oldest_first else ""
        self.first_url = self._address(wanted.filters) if wanted.cursor else ""
        try:
            next_cursor = await self._fill(wanted)
        except InvalidInput:
            next_cursor = None
            self.is_lost = True
        else:
            self.is_lost = False
        self.next_url = self._address(wanted.filters, next_cursor) if next_cursor else ""
        self.is_loaded = True

    @rx.event
    async def narrow(self, form: dict[str, Any]) -> EventSpec:
        """Go to the address of what the form asks for."""
        await require_admin(self)
        self.order = OLDEST_FIRST if form.get(ORDER) == OLDEST_FIRST else ""
        return rx.redirect(self._address(self._filters_of(form)))

    async def _fill(self, wanted: Wanted) -> str | None:
        """Set the rows to what is wanted, and say where the next page begins; raises InvalidInput."""
        raise NotImplementedError

    def _read_address(self) -> Wanted:
        said = self.router.url.query_parameters
        return Wanted(self._filters_of(said), said.get(ORDER) == OLDEST_FIRST, str(said.get(CURSOR, "")) or None)

    def _filters_of(self, values: Any) -> dict[str, str]:
        return {name: str(values.get(name, "")).strip()[:LONGEST_VALUE] for name in self._filter_names}

    def _address(self, filters: dict[str, str], cursor: str | None = None) -> str:
        said = {**filters, ORDER: self.order, CURSOR: cursor}
        query = urlencode({name: value for name, value in said.items() if value})
        return self._path + (f"?{query}" if query else "")
