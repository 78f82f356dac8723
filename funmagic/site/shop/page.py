"""The shop: the packages, and what people ask before they buy one."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.site.frame.page import site_page
from funmagic.site.shop.components import closed_notice, package_list
from funmagic.site.shop.state import ShopState, ToolPrice
from funmagic.site.sign_in.components import sign_in_dialog
from funmagic.ui.buttons import page_link
from funmagic.ui.cards import price_tag
from funmagic.ui.feedback import notice
from funmagic.ui.layout import container, page_title, section
from funmagic.ui.props import Node


def pricing_page() -> rx.Component:
    """What credits cost; whoever was on the way somewhere is led back there."""
    return site_page(
        container(
            page_title(
                _("Credits, and what they cost"),
                _("One purse for every tool. No subscription, and a run that fails costs nothing."),
            ),
            _way_back(),
            rx.el.div(rx.cond(ShopState.is_loaded, _how_to_pay()), class_name="shop-word"),
            package_list(),
            class_name="shop",
        ),
        section(_questions(), title=_("Good to know")),
        sign_in_dialog(_("Sign in, and then choose your package.")),
        current=paths.PRICING,
    )


def _how_to_pay() -> rx.Component:
    return rx.cond(
        ShopState.takes_payments,
        notice("info", _("You pay once, on a page of Stripe's; we never see your card. A receipt comes by mail.")),
        closed_notice(),
    )


def _way_back() -> rx.Component:
    return rx.cond(
        ShopState.back_url,
        page_link(
            rx.icon("arrow-left", size=18),
            rx.el.span(_("Back to what you were doing")),
            href=ShopState.back_url,
            class_name="shop-back",
        ),
    )


def _questions() -> rx.Component:
    return rx.el.div(
        _question(
            _("What is a credit?"),
            _(
                "What tools are paid with here. Every button says how many it costs before you press it,"
                " and they stay in your account until you spend them."
            ),
        ),
        _question(_("What do the tools cost?"), _tool_prices()),
        _question(
            _("What if a run fails?"),
            _(
                "Then it costs nothing. Credits are held while we work, and given back at once"
                " if anything goes wrong or you cancel."
            ),
        ),
        _question(
            _("Can I have my money back?"),
            _(
                "Ask the people who run this site. What they refund goes back the way you paid,"
                " and the credits it had bought leave your balance."
            ),
        ),
        _question(
            _("Where are my receipts?"),
            _("We mail you one, and all your invoices are behind “Manage billing” in your profile."),
        ),
        class_name="questions",
    )


def _question(question: str, answer: Node) -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            rx.el.h3(question, class_name="question-title"),
            rx.icon("plus", size=20, class_name="question-mark"),
            class_name="question-head",
        ),
        rx.el.div(answer, class_name="question-answer"),
        class_name="question",
    )


def _tool_prices() -> rx.Component:
    return rx.el.ul(rx.foreach(ShopState.tools, _tool_price), class_name="tool-prices")


def _tool_price(tool: rx.Var[ToolPrice]) -> rx.Component:
    return rx.el.li(page_link(tool.title, href=tool.href, class_name="link"), price_tag(tool.price))
