"""The frame of every page: shell, header, footer, sections."""

from typing import Any

import reflex as rx

from funmagic.ui.buttons import page_link
from funmagic.ui.logo import logo
from funmagic.ui.props import Node, Text

Link = tuple[Text, Text]


class ShellRoot(rx.el.Div):
    """The outermost element of a page; it brings the fonts into the build."""

    lib_dependencies: list[str] = [
        "@fontsource-variable/bricolage-grotesque@5.3.0",
        "@fontsource-variable/instrument-sans@5.3.0",
    ]


def shell(
    *children: Node,
    header: rx.Component,
    footer: rx.Component,
    skip_label: Text,
) -> rx.Component:
    """A whole page: skip link, header, main landmark, footer."""
    return ShellRoot.create(
        rx.el.a(skip_label, href="#main", reload_document=True, class_name="skip-link"),
        header,
        rx.el.main(*children, id="main", tab_index=-1, class_name="main"),
        footer,
        class_name="shell",
    )


def header_bar(
    brand_href: Text,
    links: list[Link],
    right: list[rx.Component],
    menu_label: Text,
    *,
    current: str = "",
    menu_extra: list[rx.Component] | None = None,
) -> rx.Component:
    """The sticky top bar; below 860 px its links move into a menu behind one button."""
    return rx.el.header(
        rx.el.div(
            page_link(logo(), href=brand_href, class_name="brand", aria_label="FunMagic"),
            rx.el.nav(*_nav_links(links, current), class_name="nav", aria_label=menu_label),
            rx.el.div(*right, _menu_button(menu_label), class_name="header-right"),
            class_name="container header-row",
        ),
        rx.el.nav(
            *_nav_links(links, current),
            *(menu_extra or []),
            id="site-menu",
            aria_label=menu_label,
            class_name="popover site-menu",
            custom_attrs={"popover": "auto"},
        ),
        class_name="header",
    )


def footer_bar(links: list[rx.Component], note: Text, label: Text) -> rx.Component:
    """The quiet bar at the page's end: brand, a line of text, and links made by `footer_link`."""
    return rx.el.footer(
        rx.el.div(
            rx.el.div(logo(), rx.el.p(note, class_name="footer-note"), class_name="footer-brand"),
            rx.el.nav(*links, class_name="footer-links", aria_label=label),
            class_name="container footer-row",
        ),
        class_name="footer",
    )


def footer_link(label: Text, href: Text, *, reload_document: bool = False) -> rx.Component:
    """One link of the footer."""
    return page_link(label, href=href, reload_document=reload_document, class_name="footer-link")


def container(*children: Node, narrow: bool = False, **props: Any) -> rx.Component:
    """A centred column with gutters; `narrow` suits reading and forms."""
    extra = props.pop("class_name", "")
    width = "container container-narrow" if narrow else "container"
    return rx.el.div(*children, class_name=f"{width} {extra}".strip(), **props)


def section(*children: Node, title: Text = "", text: Text = "", action: rx.Component | None = None) -> rx.Component:
    """A block of a page with an optional heading, lead and action on the right."""
    return rx.el.section(
        container(*([_section_head(title, text, action)] if title else []), *children),
        class_name="section",
    )


def page_title(title: Text, text: Text = "", *actions: rx.Component) -> rx.Component:
    """The one h1 of a page, with a lead and actions."""
    return rx.el.div(
        rx.el.div(
            rx.el.h1(title, class_name="page-title"),
            *([rx.el.p(text, class_name="page-lead")] if text else []),
        ),
        *([rx.el.div(*actions, class_name="actions")] if actions else []),
        class_name="page-head",
    )


def sign_card(*children: Node, title: Text, text: Text = "") -> rx.Component:
    """A page with one small form: sign-in, registration, password reset."""
    return rx.el.div(
        rx.el.div(
            rx.el.h1(title, class_name="dialog-title"),
            *([rx.el.p(text, class_name="dialog-text")] if text else []),
            *children,
            class_name="sign-card",
        ),
        class_name="sign-page",
    )


def or_divider(label: Text) -> rx.Component:
    """A line between two ways to do the same thing."""
    return rx.el.div(rx.el.span(label), class_name="or-divider")


def _section_head(title: Text, text: Text, action: rx.Component | None) -> rx.Component:
    lead = [rx.el.p(text, class_name="section-lead")] if text else []
    return rx.el.div(
        rx.el.div(rx.el.h2(title, class_name="section-title"), *lead),
        *([action] if action else []),
        class_name="section-head",
    )


def _nav_links(links: list[Link], current: str) -> list[rx.Component]:
    return [
        page_link(label, href=href, class_name="nav-link", aria_current="page" if str(href) == current else "false")
        for label, href in links
    ]


def _menu_button(label: Text) -> rx.Component:
    return rx.el.button(
        rx.icon("menu", size=22),
        type="button",
        aria_label=label,
        class_name="icon-button menu-button",
        custom_attrs={"popoverTarget": "site-menu"},
    )
