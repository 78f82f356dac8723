"""Cards: tools, numbers, features, and the grid that holds them."""

from typing import Any, Literal

import reflex as rx

from funmagic.ui.buttons import page_link
from funmagic.ui.feedback import skeleton
from funmagic.ui.logo import spark
from funmagic.ui.props import Node, Text

HEADINGS = {2: rx.el.h2, 3: rx.el.h3}


def card_grid(*cards: Node) -> rx.Component:
    """A grid that fits as many cards in a row as there is room for; takes an `rx.foreach` too."""
    return rx.el.div(*cards, class_name="card-grid")


def card(*children: Node, **props: Any) -> rx.Component:
    """A plain raised surface."""
    extra = props.pop("class_name", "")
    return rx.el.div(*children, class_name=f"card {extra}".strip(), **props)


def tool_card(
    title: Text,
    description: Text,
    image: Text,
    href: Text,
    price_label: Text,
    *,
    badge: Text = "",
    level: Literal[2, 3] = 3,
) -> rx.Component:
    """A tool in a list: the whole card is one link; `level` fits its heading under the one above."""
    return page_link(
        rx.el.div(
            rx.el.img(src=image, alt="", loading="lazy", class_name="tool-image"),
            rx.cond(badge, rx.el.span(badge, class_name="tool-badge")),
            class_name="tool-figure",
        ),
        rx.el.div(
            HEADINGS[level](title, class_name="tool-title"),
            rx.el.p(description, class_name="tool-text"),
            price_tag(price_label),
            class_name="tool-body",
        ),
        href=href,
        class_name="tool-card",
    )


def tool_card_skeleton() -> rx.Component:
    """A tool's card before the tool is known: the size of one, so that nothing jumps when it comes."""
    return rx.el.div(
        rx.el.div(class_name="tool-figure"),
        rx.el.div(
            rx.el.span(class_name="skeleton skeleton-title"),
            skeleton("text", count=3),
            rx.el.span(class_name="skeleton skeleton-price"),
            class_name="tool-body",
        ),
        class_name="tool-card tool-card-skeleton",
        aria_hidden="true",
    )


def price_tag(label: Text) -> rx.Component:
    """A price in credits, with the spark."""
    return rx.el.span(spark(14), label, class_name="price-tag")


def feature_card(title: Text, text: Text, icon: str) -> rx.Component:
    """One reason to use the product."""
    return rx.el.div(
        rx.el.span(rx.icon(icon, size=22), class_name="feature-icon"),
        rx.el.h3(title, class_name="feature-title"),
        rx.el.p(text, class_name="feature-text"),
        class_name="feature-card",
    )
