"""The catalogue as pages show it."""

from dataclasses import dataclass

import reflex as rx

from funmagic import paths
from funmagic.catalogue.service import ToolView, list_tools
from funmagic.core.db import read
from funmagic.i18n.translate import n_


@dataclass(frozen=True)
class ToolCard:
    """A tool as its card shows it."""

    title: str
    description: str
    image: str
    href: str
    price_label: str
    badge: str


class CatalogueState(rx.State):
    """The tools that are listed."""

    is_loaded: bool = False
    cards: list[ToolCard] = []

    @rx.event
    async def load(self) -> None:
        """List the active tools."""
        self.cards = [_card(tool) for tool in await read(list_tools)]
        self.is_loaded = True


def _card(tool: ToolView) -> ToolCard:
    return ToolCard(
        title=tool.title,
        description=tool.description,
        image=tool.thumbnail_url,
        href=paths.tool(tool.slug),
        price_label=n_("{number} credit", "{number} credits", tool.total_credits),
        badge="",
    )
