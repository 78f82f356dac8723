"""A page of the product: every room has a table of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from funmagic import paths
from funmagic.ui.texts.languages import in_readers_language


@dataclass(frozen=True)
class Page:
    """Where a page is, what it shows, and the handlers that load it; `title` is a text marked for translation.

    The `guard` is the handler that sends people away who may not see the page. What must be kept from them the others
    keep themselves: they run all the same.
    """

    route: str
    builder: Callable[[], rx.Component]
    title: str
    loads: tuple[Any, ...] = ()
    guard: Any = None
    is_indexable: bool = True

    @property
    def is_secret(self) -> bool:
        """Whether its address holds a secret, which no other site may read in a Referer."""
        return paths.is_secret(self.route)

    def add_to(self, app: rx.App, *, first: Any, description: str, locale: rx.Var[str]) -> None:
        """Make it a page of the app, called and described in the reader's `locale`; `description` is marked, too.

        The handler `first` loads what every page has.
        """
        guards = [self.guard] if self.guard else []
        app.add_page(
            self.builder,
            route=self.route,
            title=in_readers_language(self.title, locale),
            description=in_readers_language(description, locale),
            meta=self._meta(),
            on_load=[first, *guards, *self.loads],
        )

    def _meta(self) -> list[dict[str, str]]:
        wanted = {"referrer": "no-referrer" if self.is_secret else "", "robots": "" if self.is_indexable else "noindex"}
        return [{"name": name, "content": content} for name, content in wanted.items() if content]
