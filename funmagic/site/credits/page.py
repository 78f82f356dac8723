"""The credits page: what somebody has to spend, and where it came from and went."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.models.credits import TransactionType
from funmagic.site.credits.components import figures, figures_skeleton, story_list, story_list_skeleton
from funmagic.site.credits.state import CreditsState
from funmagic.site.credits.words import type_words
from funmagic.site.frame.page import site_page
from funmagic.site.frame.state import SessionState
from funmagic.ui.buttons import button, link_button
from funmagic.ui.feedback import empty_state
from funmagic.ui.layout import container, page_title


def credits_page() -> rx.Component:
    """A user's own credits; a visitor is on their way to the sign-in page."""
    return site_page(
        container(
            page_title(
                _("Credits"),
                _("What you have to spend, and what became of every credit. Runs that fail cost nothing."),
                link_button(_("Buy credits"), paths.PRICING, icon="plus"),
            ),
            rx.cond(
                SessionState.is_loaded & ~SessionState.is_signed_in,
                _signed_out(),
                rx.fragment(rx.cond(CreditsState.is_loaded, figures(), figures_skeleton()), _history()),
            ),
            class_name="credits-page",
        ),
        current=paths.CREDITS,
    )


def _history() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(_("History"), id="history-title", class_name="section-title"),
            rx.el.div(_type_select(), _export_link(), class_name="history-tools"),
            class_name="history-head",
        ),
        rx.cond(
            CreditsState.is_loaded,
            rx.cond(CreditsState.stories, _stories(), _nothing()),
            story_list_skeleton(),
        ),
        aria_labelledby="history-title",
        class_name="history",
    )


def _stories() -> rx.Component:
    return rx.fragment(
        story_list(CreditsState.stories),
        rx.cond(
            CreditsState.has_more,
            rx.el.div(
                button(_("Load more"), variant="secondary", on_click=CreditsState.load_more), class_name="history-more"
            ),
        ),
    )


def _type_select() -> rx.Component:
    options = [("", _("Everything")), *((type_.value, type_words(type_)) for type_ in TransactionType)]
    return rx.el.label(
        rx.el.span(_("Show"), class_name="visually-hidden"),
        rx.el.select(
            *[rx.el.option(text, value=value) for value, text in options],
            value=CreditsState.type,
            on_change=CreditsState.choose_type,
            class_name="input select history-select",
        ),
    )


def _export_link() -> rx.Component:
    return link_button(
        _("CSV"),
        CreditsState.export_url,
        variant="secondary",
        icon="download",
        download=True,
        reload_document=True,
        aria_label=_("Download the history as CSV"),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        CreditsState.type,
        empty_state(
            _("Nothing of this kind"),
            _("Your history has other entries."),
            button(_("Show everything"), variant="secondary", on_click=CreditsState.choose_type("")),
            icon="list-filter",
        ),
        empty_state(
            _("No credits have moved yet"),
            _("Buy some, or confirm your email to get your free ones; every change of your balance appears here."),
            link_button(_("Buy credits"), paths.PRICING),
            icon="coins",
        ),
    )


def _signed_out() -> rx.Component:
    return empty_state(
        _("You are signed out"),
        _("Sign in to see your credits."),
        link_button(_("Sign in"), SessionState.login_url),
        icon="coins",
    )
