"""What the user has to spend, how they get more, and where their invoices are."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.site.frame.state import SessionState
from funmagic.site.profile.components import settings_card
from funmagic.site.shop.state import PORTAL, ShopState
from funmagic.ui.account import credits_to_spend
from funmagic.ui.buttons import button, link_button, page_link
from funmagic.ui.logo import spark


def credits_card(section_id: str) -> rx.Component:
    """The balance with the ways to more; invoices only where something can be bought."""
    return settings_card(
        section_id,
        _("Credits"),
        _("What every tool is paid with. A run that fails costs nothing."),
        rx.el.p(
            spark(26),
            rx.el.span(SessionState.available, class_name="settings-balance-number"),
            rx.el.span(credits_to_spend(SessionState.available)),
            page_link(_("See what became of them"), href=paths.CREDITS, class_name="link"),
            class_name="settings-balance",
        ),
        rx.el.div(
            link_button(_("Buy credits"), paths.pricing(paths.PROFILE), icon="plus"),
            rx.cond(
                ShopState.takes_payments,
                button(
                    _("Manage billing"),
                    variant="secondary",
                    icon="receipt-text",
                    busy=ShopState.leaving_for == PORTAL,
                    on_click=ShopState.manage_billing,
                ),
            ),
            class_name="actions",
        ),
    )
