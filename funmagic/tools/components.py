"""The grid of tools, wherever tools are listed."""

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.tools.state import CatalogueState, ToolCard
from funmagic.ui.cards import card_grid, tool_card
from funmagic.ui.feedback import empty_state, skeleton


def tool_grid() -> rx.Component:
    """Every listed tool; skeletons while they load, and a word when there are none."""
    return rx.cond(
        CatalogueState.is_loaded,
        rx.cond(
            CatalogueState.cards.length() > 0,
            card_grid(rx.foreach(CatalogueState.cards, _card)),
            empty_state(_("No tools right now"), _("All tools are taking a break. Please come back later.")),
        ),
        card_grid(skeleton("card"), skeleton("card"), skeleton("card")),
    )


def _card(card: rx.Var[ToolCard]) -> rx.Component:
    return tool_card(card.title, card.description, card.image, card.href, card.price_label, badge=card.badge)
