"""The header's account corner: credits and the account menu."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.ui.buttons import page_link
from funmagic.ui.forms import form_messages
from funmagic.ui.logo import spark
from funmagic.ui.props import Text
from funmagic.ui.texts.plurals import counted
from funmagic.ui.wrapped.forms.fetch_form import fetch_button


def credits_to_spend(available: rx.Var[int]) -> rx.Var[str]:
    """What stands beside the number of credits that a user can spend."""
    return counted("credit to spend", "credits to spend", available)


def balance_pill(available: rx.Var[int], reserved: rx.Var[int], href: Text, *, held_label: Text = "") -> rx.Component:
    """The credits a user can spend; credits held by running tasks show softly beside them."""
    label = credits_to_spend(available)
    return page_link(
        spark(16),
        # A new key makes a new element, so the arrival animation plays on every change.
        rx.el.span(available, key=f"available-{available}", class_name="balance-number"),
        rx.el.span(label, class_name="visually-hidden"),
        rx.cond(
            reserved.to(int) > 0,
            rx.el.span(
                rx.icon("lock", size=12),
                reserved,
                rx.el.span(held_label, class_name="visually-hidden"),
                title=held_label,
                class_name="balance-held",
            ),
        ),
        href=href,
        title=label,
        class_name="balance",
    )


def avatar_menu(name: Text, email: Text, items: list[rx.Component], *, image: Text = "") -> rx.Component:
    """A round button with the user's initial that opens their menu: `items` made by `menu_link`, and signing out."""
    return rx.el.div(
        rx.el.button(
            avatar(name, image),
            type="button",
            aria_label=name,
            class_name="avatar-button",
            custom_attrs={"popoverTarget": "account-menu"},
        ),
        rx.el.div(
            rx.el.div(
                rx.el.p(name, class_name="menu-name"), rx.el.p(email, class_name="menu-email"), class_name="menu-head"
            ),
            *items,
            rx.el.hr(class_name="menu-rule"),
            _sign_out_button(),
            id="account-menu",
            class_name="popover account-menu",
            custom_attrs={"popover": "auto"},
        ),
        class_name="account",
    )


def menu_link(label: Text, href: Text, icon: str) -> rx.Component:
    """One line of the account menu that leads to a page."""
    return page_link(rx.icon(icon, size=18), label, href=href, class_name="menu-item")


def avatar(name: Text, image: Text = "") -> rx.Component:
    """A user's picture, or the first letter of their name."""
    initial = rx.Var.create(name).to(str)[0:1].upper()
    return rx.el.span(
        rx.cond(image, rx.el.img(src=image, alt="", class_name="avatar-image"), initial), class_name="avatar"
    )


def _sign_out_button() -> rx.Component:
    return fetch_button(
        rx.icon("log-out", size=18),
        label=_("Sign out"),
        action=paths.API_SIGN_OUT,
        after={"leave": paths.HOME},
        messages=form_messages(),
    )
