"""The frame around every page of the user site: header, footer, and the viewer's corner."""

import reflex as rx
import structlog
from reflex.event import EventSpec

from funmagic import paths
from funmagic.core.db import DATABASE_AWAY
from funmagic.core.errors import DatabaseUnavailable, FunMagicError, SignInRequired
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, n_
from funmagic.site.frame.preferences_state import PreferencesState
from funmagic.site.frame.state import SessionState
from funmagic.site.sign_in.forms import resend_button
from funmagic.ui.account import avatar_menu, balance_pill, menu_link
from funmagic.ui.buttons import link_button, page_link
from funmagic.ui.feedback import empty_state, live_connection, page_banner, skeleton, waiting_banner
from funmagic.ui.layout import container, footer_bar, footer_link, header_bar, shell
from funmagic.ui.props import Node
from funmagic.ui.theme import theme_toggle
from funmagic.ui.wrapped.page.look import look_keeper
from funmagic.ui.wrapped.page.session_watch import session_watch

log = structlog.get_logger()


def site_page(*children: Node, current: str = "") -> rx.Component:
    """A page of the user site; `current` is the header link that leads here."""
    return shell(
        live_connection(SessionState.is_loaded),
        *children,
        waiting_banner(
            SessionState.is_database_away,
            _("We cannot reach our records at the moment. Nothing is lost; this page goes on by itself."),
        ),
        header=rx.fragment(_header(current), _unverified_banner()),
        footer=_footer(),
        skip_label=_("Skip to content"),
    )


def _header(current: str) -> rx.Component:
    corner = rx.cond(
        SessionState.is_loaded,
        rx.cond(SessionState.is_signed_in, _signed_in(), _signed_out()),
        skeleton("pill"),
    )
    return header_bar(
        paths.HOME,
        [(_("Tools"), paths.TOOLS), (_("Pricing"), paths.PRICING)],
        [_theme_toggle(), corner],
        _("Menu"),
        current=current,
        menu_extra=[
            rx.cond(
                SessionState.is_loaded & ~SessionState.is_signed_in,
                page_link(_("Sign in"), href=SessionState.login_url, class_name="nav-link"),
            )
        ],
    )


def _theme_toggle() -> rx.Component:
    label = _("Switch between light and dark")
    return rx.fragment(
        # A visitor's choice stays in the browser until they sign in.
        rx.cond(SessionState.is_signed_in, theme_toggle(label, PreferencesState.choose_look), theme_toggle(label)),
        session_watch(
            is_loaded=SessionState.is_loaded,
            viewer=SessionState.email,
            # A mailed link is used once, and what became of it stands there.
            stays_on=sorted(paths.SECRET_PAGES),
        ),
        look_keeper(
            is_signed_in=SessionState.is_signed_in,
            theme=SessionState.theme,
            accent=SessionState.accent,
            on_adopt=PreferencesState.adopt_look,
        ),
    )


def _signed_in() -> rx.Component:
    return rx.fragment(
        balance_pill(
            SessionState.available,
            SessionState.reserved,
            paths.CREDITS,
            held_label=_("held by running tasks"),
        ),
        avatar_menu(
            SessionState.name,
            SessionState.email,
            [
                menu_link(_("Profile"), paths.PROFILE, "user-round"),
                menu_link(_("Credits"), paths.CREDITS, "coins"),
                menu_link(_("Buy credits"), paths.PRICING, "plus"),
                rx.cond(SessionState.is_admin, menu_link(_("Dashboard"), paths.AUDIT_LOG, "layout-dashboard")),
            ],
            image=SessionState.avatar_url,
        ),
    )


def _signed_out() -> rx.Component:
    return rx.fragment(
        link_button(_("Sign in"), SessionState.login_url, variant="ghost", class_name="phone-hidden"),
        link_button(_("Start free"), paths.REGISTER),
    )


def _unverified_banner() -> rx.Component:
    text = rx.cond(
        SessionState.must_verify,
        n_(
            "Confirm your email to run tools and get your {number} free credit: we sent a link to {email}.",
            "Confirm your email to run tools and get your {number} free credits: we sent a link to {email}.",
            get_settings().welcome_credits,
            email=SessionState.email,
        ),
        _("Please confirm your email: we sent a link to {email}.", email=SessionState.email),
    )
    again = resend_button(_("Send again"), _("Sent. Look at your inbox."))
    return rx.cond(
        SessionState.is_signed_in & ~SessionState.is_verified,
        page_banner(text, again, _("Your email is not confirmed")),
    )


def _footer() -> rx.Component:
    links = [
        footer_link(_("Tools"), paths.TOOLS),
        footer_link(_("Pricing"), paths.PRICING),
        footer_link(_("Credits"), paths.CREDITS),
        # No page of Reflex's: only the server knows it.
        footer_link(_("API"), paths.API_DOCS, reload_document=True),
    ]
    return footer_bar(links, _("Small wonders for your photos."), _("More"))


def not_found_page() -> rx.Component:
    """What an address that leads nowhere shows."""
    return site_page(
        container(
            empty_state(
                _("There is nothing here"),
                _("The address may be old, or mistyped."),
                link_button(_("See the tools"), paths.TOOLS),
                icon="compass",
            ),
            class_name="lonely",
        )
    )


def show_error(exception: Exception) -> list[EventSpec]:
    """Show what stopped a handler: named errors in their own words, defects in general terms and in the log.

    When it was the database that is away, the page is loaded anew once it is back.
    """
    if isinstance(exception, SignInRequired):
        # Signed out meanwhile, perhaps from another device: the header must not say otherwise.
        return [rx.toast.error(exception.message, id="signed-out"), SessionState.load()]
    if isinstance(exception, FunMagicError):
        return [rx.toast.error(exception.notice)]
    if isinstance(exception, DATABASE_AWAY):
        log.warning("database_unavailable", error=str(exception))
        # One toast, however many handlers fail.
        return [rx.toast.error(DatabaseUnavailable().message, id="database"), SessionState.load_when_possible()]
    log.error("handler_failed", exc_info=exception)
    return [rx.toast.error(_("Something went wrong on our side. Please try again."))]
