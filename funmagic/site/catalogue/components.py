"""The grid of tools, wherever tools are listed."""

from typing import Literal

import reflex as rx

from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.i18n.translate import _
from funmagic.site.catalogue.state import CatalogueState, ToolCard
from funmagic.ui.cards import card_grid, tool_card, tool_card_skeleton
from funmagic.ui.feedback import empty_state


def tool_grid(level: Literal[2, 3] = 3) -> rx.Component:
    """Every listed tool; skeletons while they load, and a word when there are none. `level` is that of the titles."""
    return rx.cond(
        CatalogueState.is_loaded,
        rx.cond(
            CatalogueState.cards.length() > 0,
            card_grid(rx.foreach(CatalogueState.cards, lambda card: _card(card, level))),
            empty_state(_("No tools right now"), _("All tools are taking a break. Please come back later.")),
        ),
        card_grid(*(tool_card_skeleton() for _kind in TOOL_KINDS)),
    )


def _card(card: rx.Var[ToolCard], level: Literal[2, 3]) -> rx.Component:
    return tool_card(
        card.title, card.description, card.image, card.href, card.price_label, badge=card.badge, level=level
    )
