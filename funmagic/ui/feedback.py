"""What the page says about itself: waiting, empty, failed, done."""

from typing import Literal

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.ui.props import Flag, Node, Number, Text
from funmagic.ui.reflex_seams.connection import is_connection_away
from funmagic.ui.wrapped.page.connection import connection

Kind = Literal["info", "success", "warning", "danger"]
ICONS: dict[str, str] = {
    "info": "info",
    "success": "circle-check",
    "warning": "triangle-alert",
    "danger": "circle-alert",
}


def empty_state(title: Text, text: Text, action: rx.Component | None = None, icon: str = "sparkles") -> rx.Component:
    """Nothing here yet, and what to do about it."""
    return _state(icon, title, text, [action] if action else [], "state")


def error_state(title: Text, text: Text, actions: list[rx.Component] | None = None) -> rx.Component:
    """Something went wrong: what, and the ways on."""
    return _state("cloud-alert", title, text, actions or [], "state state-error")


def notice(kind: Kind, text: Node, action: rx.Component | None = None) -> rx.Component:
    """A short message inside the page; dangers and warnings are announced at once."""
    return rx.el.div(
        rx.icon(ICONS[kind], size=20, class_name="notice-icon"),
        rx.el.div(text, class_name="notice-text"),
        *([action] if action else []),
        role="alert" if kind in ("danger", "warning") else "status",
        class_name=f"notice notice-{kind}",
    )


def progress_bars(shares: rx.Var[list[float]], value: Number, label: Text) -> rx.Component:
    """One bar for each step of some work, side by side; `value` is how far the current one is."""
    return rx.el.div(
        rx.foreach(shares, _step_bar),
        role="progressbar",
        aria_label=label,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=round(rx.Var.create(value).to(float) * 100),
        class_name="progress-steps",
    )


def skeleton(
    shape: Literal["text", "title", "stage", "pill"] = "text", *, count: int = 1, width: str = ""
) -> rx.Component:
    """Grey stand-ins while content loads, hidden from screen readers."""
    style = {"width": width} if width else {}
    bones = [rx.el.span(class_name=f"skeleton skeleton-{shape}", style=style) for _ in range(count)]
    return rx.el.div(*bones, class_name="skeletons", aria_hidden="true")


def live_connection(was_there: rx.Var[bool]) -> rx.Component:
    """What each page says of its live connection: that it cannot be made, or is away after it `was_there`."""
    texts = {
        "title": _("This page cannot connect"),
        "text": _(
            "FunMagic works over a live connection (WebSocket), and something blocks it: often a company network, "
            "a VPN or a browser extension. Nothing is lost and nothing was charged. Try another network, or switch "
            "extensions off for this site. The page goes on by itself as soon as it connects."
        ),
        "reload": _("Try again"),
        "waiting": _("Waiting for connection"),
        "opens": _("Connection lost. The page you chose opens by itself."),
    }
    away = was_there & is_connection_away
    return rx.fragment(
        connection(texts=texts), waiting_banner(away, _("Connection lost. Trying to reach FunMagic again …"))
    )


def waiting_banner(is_shown: Flag, text: Text) -> rx.Component:
    """A line at the foot of the window while something is away that the whole page needs."""
    return rx.el.div(
        rx.cond(
            is_shown,
            rx.el.div(rx.el.span(class_name="spinner", aria_hidden="true"), text, class_name="connection-banner"),
        ),
        role="status",
        class_name="connection",
    )


def page_banner(text: Node, action: rx.Component, label: Text) -> rx.Component:
    """A line under the header that stays until what it asks for is done."""
    return rx.el.aside(
        rx.el.div(
            rx.icon("mail", size=18, class_name="notice-icon"),
            rx.el.p(text, " ", action, class_name="page-banner-text"),
            class_name="container page-banner-row",
        ),
        aria_label=label,
        class_name="page-banner",
    )


def _step_bar(share: rx.Var[float]) -> rx.Component:
    fill = rx.el.div(class_name="progress-fill", style={"transform": f"scaleX({share})"})
    return rx.el.div(fill, class_name="progress")


def _state(icon: str, title: Text, text: Text, actions: list[rx.Component], class_name: str) -> rx.Component:
    return rx.el.div(
        rx.el.span(rx.icon(icon, size=26), class_name="state-icon"),
        rx.el.h2(title, class_name="state-title"),
        rx.el.p(text, class_name="state-text"),
        *([rx.el.div(*actions, class_name="actions")] if actions else []),
        class_name=class_name,
    )
