"""Buttons and links that look like buttons."""

from typing import Any, Literal

import reflex as rx

from funmagic.ui.logo import spark
from funmagic.ui.props import Flag, Text
from funmagic.ui.texts.plurals import counted
from funmagic.ui.wrapped.forms import price_button as wrapped

Variant = Literal["primary", "secondary", "ghost", "danger"]
Size = Literal["sm", "md", "lg"]


def button(
    label: Text,
    *,
    variant: Variant = "primary",
    size: Size = "md",
    icon: str = "",
    busy: Flag = False,
    disabled: Flag = False,
    **props: Any,
) -> rx.Component:
    """A button; while `busy` it shows a spinner and takes no clicks."""
    return rx.el.button(
        rx.el.span(class_name="spinner", aria_hidden="true"),
        *_icon(icon),
        rx.el.span(label, class_name="button-label"),
        disabled=rx.cond(busy, True, disabled),
        aria_busy=busy,
        **_button_props(variant, size, props),
    )


def link_button(
    label: Text,
    href: Text,
    *,
    variant: Variant = "primary",
    size: Size = "md",
    icon: str = "",
    icon_end: str = "",
    **props: Any,
) -> rx.Component:
    """A link in a button's clothes; `reload_document=True` leaves the client-side router."""
    return page_link(
        *_icon(icon),
        rx.el.span(label, class_name="button-label"),
        *_icon(icon_end),
        href=href,
        class_name=_classes(variant, size, props),
        **props,
    )


def page_link(*children: Any, href: Text, reload_document: bool = False, **props: Any) -> rx.Component:
    """A link inside the site; with `reload_document` the browser asks the server for the whole page."""
    if reload_document:
        props["reload_document"] = True
    return rx.el.a(*children, href=href, **props)


def price_button(
    label: Text,
    price: rx.Var[int],
    *,
    is_priced: Flag = True,
    variant: Variant = "primary",
    size: Size = "lg",
    busy: Flag = False,
    disabled: Flag = False,
    **props: Any,
) -> rx.Component:
    """The button that spends credits, its price in a chip; reads "label (5 credits)".

    Until the price is known nothing is sold, and a press that was meant for what stood here before is not heard.
    """
    return wrapped.price_button(
        rx.el.span(class_name="spinner", aria_hidden="true"),
        rx.el.span(label, class_name="button-label"),
        rx.el.span(
            spark(14),
            rx.cond(
                is_priced,
                rx.el.span(_paren("("), counted("{number} credit", "{number} credits", price), _paren(")")),
                rx.el.span(class_name="skeleton price-unknown", aria_hidden="true"),
            ),
            class_name="price-chip",
        ),
        offer=label,
        disabled=rx.cond(busy | ~rx.Var.create(is_priced), True, disabled),
        aria_busy=busy,
        **_button_props(variant, size, {"class_name": "price-button", **props}),
    )


def _button_props(variant: Variant, size: Size, props: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": _classes(variant, size, props), "type": "button", **props}


def _classes(variant: Variant, size: Size, props: dict[str, Any]) -> str:
    return f"button button-{variant} button-{size} {props.pop('class_name', '')}".strip()


def _paren(mark: str) -> rx.Component:
    """Heard and copied, not seen: the chip already sets the price apart."""
    return rx.el.span(mark, class_name="price-paren")


def _icon(name: str) -> list[rx.Component]:
    return [rx.icon(name, size=18, class_name="button-icon")] if name else []
