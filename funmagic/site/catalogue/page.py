"""The page that lists the tools."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.site.catalogue.components import tool_grid
from funmagic.site.frame.page import site_page
from funmagic.ui.layout import container, page_title


def tools_page() -> rx.Component:
    """All tools."""
    return site_page(
        container(page_title(_("Tools"), _("Every tool tells you its price before it starts.")), tool_grid(level=2)),
        current=paths.TOOLS,
    )
