"""What the sections of the profile page are made of: cards, and rows of an icon, words and an action."""

import reflex as rx

from funmagic.ui.props import Node, Text


def settings_card(
    section_id: str, title: Text, text: Text, *children: Node, class_name: str = "", action: rx.Component | None = None
) -> rx.Component:
    """One section of the page; the side navigation leads to it by its id."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title, id=f"{section_id}-title", class_name="settings-title"),
            rx.el.p(text, class_name="settings-text"),
        ),
        *children,
        *([rx.el.div(action, class_name="actions")] if action else []),
        id=section_id,
        tab_index=-1,
        aria_labelledby=f"{section_id}-title",
        class_name=f"settings-card {class_name}".strip(),
    )


def settings_row(icon: Node, title: Node, text: Node, *actions: Node) -> rx.Component:
    """An icon, two lines of words, and what can be done about them."""
    return rx.el.div(
        rx.el.span(icon, class_name="settings-row-icon", aria_hidden="true"),
        rx.el.div(
            rx.el.div(title, class_name="settings-row-title"),
            rx.el.div(text, class_name="settings-row-text"),
            class_name="settings-row-words",
        ),
        *actions,
        class_name="settings-row",
    )


def settings_rule() -> rx.Component:
    """A line between two parts of a card."""
    return rx.el.hr(class_name="settings-rule")


def tag(label: Text, kind: str = "", icon: str = "") -> rx.Component:
    """A word or two about what stands beside it; `kind` is success, warning or accent."""
    return rx.el.span(
        *([rx.icon(icon, size=14)] if icon else []),
        label,
        class_name=f"tag tag-{kind}" if kind else "tag",
    )
