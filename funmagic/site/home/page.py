"""The home page."""

import reflex as rx

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, n_
from funmagic.site.catalogue.components import tool_grid
from funmagic.site.frame.page import site_page
from funmagic.site.home.components import hero
from funmagic.ui.buttons import link_button
from funmagic.ui.cards import card_grid, feature_card
from funmagic.ui.layout import section
from funmagic.ui.wrapped.photos.before_after import before_after


def home_page() -> rx.Component:
    """What the product does, shown by doing it; then the tools, and why to trust it."""
    return site_page(
        _hero(),
        section(tool_grid(), title=_("Pick a trick"), text=_("Every tool tells you its price before it starts.")),
        section(
            _promises(),
            title=_("Fair by design"),
            action=link_button(_("See the prices"), paths.PRICING, variant="secondary", icon_end="arrow-right"),
        ),
    )


def _hero() -> rx.Component:
    return hero(
        _("A little magic for every photo."),
        _("Drop a photo, press one button, watch it happen. Your subject steps out of its background in seconds."),
        [
            link_button(_("Remove a background"), paths.tool("background-remove"), size="lg", icon="wand-sparkles"),
            link_button(_("See the tools"), paths.TOOLS, variant="secondary", size="lg"),
        ],
        before_after(
            before="/showcase/astronaut_before.webp",
            after="/showcase/astronaut_cutout.webp",
            before_set="/showcase/astronaut_before_640.webp 640w, /showcase/astronaut_before.webp 900w",
            after_set="/showcase/astronaut_cutout_640.webp 640w, /showcase/astronaut_cutout.webp 900w",
            sizes="(max-width: 860px) 88vw, 35rem",
            ratio=1,
            before_label=_("Before"),
            after_label=_("After"),
            slider_label=_("Compare before and after"),
        ),
        note=n_(
            "{number} free credit to start with. No card needed.",
            "{number} free credits to start with. No card needed.",
            get_settings().welcome_credits,
        ),
    )


def _promises() -> rx.Component:
    return card_grid(
        feature_card(
            _("You only pay for results"),
            _("Credits are held while we work, and given back at once if anything goes wrong."),
            "shield-check",
        ),
        feature_card(
            _("Close the tab, keep the magic"),
            _("Your run goes on without you. Come back any time and find it where it is."),
            "cloud-check",
        ),
        feature_card(
            _("Yours alone"),
            _("Photos and results are private. Nobody sees them but you."),
            "lock-keyhole",
        ),
    )
