"""What the app needs for our look: stylesheets, head elements, toasts, and no default overlay."""

from typing import Any

import reflex as rx

from funmagic.ui.props import Text
from funmagic.ui.wrapped.page.guarded_storage import GUARD_STORAGE
from funmagic.ui.wrapped.page.look import APPLY_LOOK, theme_switch

STYLESHEETS = [
    f"/ui/{name}.css"
    for name in (
        "fonts",
        "tokens",
        "base",
        "layout",
        "buttons",
        "forms",
        "menus",
        "cards",
        "feedback",
        "dialogs",
        "hero",
        "stage",
        "runs",
        "picker",
        "compare",
        "viewers",
        "profile",
        "credits",
        "shop",
        "dashboard",
    )
]

EXTRA_APP_WRAPS = {(5, "Overlay"): lambda _stateful: rx.fragment()}


def head_components() -> list[rx.Component]:
    """The icons and browser colours that every page's head carries."""
    return [
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
        _theme_color("light", "#fcfafc"),
        _theme_color("dark", "#120d12"),
        rx.el.script(GUARD_STORAGE),
        rx.el.script(APPLY_LOOK),
        rx.el.link(rel="icon", href="/ui/favicon.svg", type="image/svg+xml"),
        rx.el.link(rel="alternate icon", href="/favicon.ico", sizes="32x32"),
    ]


def toaster() -> rx.Component:
    """The place where `rx.toast` messages appear, in our look."""
    return rx.toast.provider(position="top-center", rich_colors=False, close_button=True, expand=False)


def theme_toggle(label: Text, on_switch: Any = None) -> rx.Component:
    """A button that switches between light and dark; the icon follows the html class, so it never flashes."""
    return theme_switch(
        rx.icon("moon", size=20, class_name="only-light"),
        rx.icon("sun", size=20, class_name="only-dark"),
        label=label,
        **({"on_switch": on_switch} if on_switch is not None else {}),
    )


def _theme_color(scheme: str, color: str) -> rx.Component:
    return rx.el.meta(name="theme-color", content=color, custom_attrs={"media": f"(prefers-color-scheme: {scheme})"})
