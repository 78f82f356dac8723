"""The frame around every page of the dashboard: header, navigation, and nothing at all for who is no admin."""

import reflex as rx

from admin.guard import DashboardState
from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.ui.account import avatar_menu, menu_link
from funmagic.ui.buttons import link_button, page_link
from funmagic.ui.feedback import empty_state, live_connection, skeleton
from funmagic.ui.layout import container, footer_bar, header_bar, page_title, shell
from funmagic.ui.props import Node, Text
from funmagic.ui.theme import theme_toggle
from funmagic.ui.wrapped.page.session_watch import session_watch


def dashboard_page(title: Text, text: Text, *children: Node, current: str) -> rx.Component:
    """A page of the dashboard; `current` is the link of its navigation that leads here."""
    return shell(
        live_connection(DashboardState.is_loaded),
        rx.cond(
            DashboardState.is_admin,
            container(
                rx.el.nav(*_links(current), aria_label=_("Dashboard"), class_name="dashboard-nav"),
                rx.el.div(page_title(title, text), *children, class_name="dashboard-main"),
                class_name="dashboard",
            ),
            rx.cond(DashboardState.is_loaded, _nothing(), container(skeleton("title"), skeleton("text", count=6))),
        ),
        session_watch(is_loaded=DashboardState.is_loaded, viewer=DashboardState.email),
        header=header_bar(
            paths.HOME,
            [(_("Tools"), paths.TOOLS), (_("Profile"), paths.PROFILE)],
            [theme_toggle(_("Switch between light and dark")), rx.cond(DashboardState.is_admin, _account())],
            _("Menu"),
            menu_extra=[rx.cond(DashboardState.is_admin, rx.fragment(*_links(current)))],
        ),
        footer=footer_bar([], DashboardState.email, _("More")),
        skip_label=_("Skip to content"),
    )


def _account() -> rx.Component:
    return avatar_menu(
        DashboardState.name,
        DashboardState.email,
        [menu_link(_("Back to the site"), paths.HOME, "arrow-left")],
    )


def _links(current: str) -> list[rx.Component]:
    return [
        _link(_("Audit log"), paths.AUDIT_LOG, "scroll-text", current),
        # Only the server knows it.
        rx.cond(
            DashboardState.is_super_admin, _link(_("Queues"), paths.QUEUES, "layers", current, reload_document=True)
        ),
    ]


def _link(label: str, href: str, icon: str, current: str, *, reload_document: bool = False) -> rx.Component:
    return page_link(
        rx.icon(icon, size=18),
        label,
        href=href,
        reload_document=reload_document,
        aria_current="page" if href == current else "false",
        class_name="dashboard-link",
    )


def _nothing() -> rx.Component:
    """What an address that leads nowhere shows: that there is a dashboard, only admins are told."""
    return container(
        empty_state(
            _("There is nothing here"),
            _("The address may be old, or mistyped."),
            link_button(_("See the tools"), paths.TOOLS),
            icon="compass",
        ),
        class_name="lonely",
    )
