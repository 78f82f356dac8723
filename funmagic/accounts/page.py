"""The sign-in and sign-up pages."""

import reflex as rx

from funmagic import paths
from funmagic.accounts.components import sign_in_form, sign_up_form
from funmagic.i18n.translate import _
from funmagic.settings import get_settings
from funmagic.site import site_page
from funmagic.ui.buttons import page_link
from funmagic.ui.layout import sign_card


def login_page() -> rx.Component:
    """Sign in, and go to the tools."""
    return site_page(
        sign_card(
            sign_in_form(paths.TOOLS),
            _foot(_("New here?"), _("Create an account"), paths.REGISTER),
            title=_("Welcome back"),
            text=_("Sign in to go on where you left."),
        ),
    )


def register_page() -> rx.Component:
    """Create an account, and go to the tools."""
    return site_page(
        sign_card(
            sign_up_form(paths.TOOLS),
            _foot(_("Already have an account?"), _("Sign in"), paths.LOGIN),
            title=_("Create your account"),
            text=_(
                "{credits} free credits to start with. No card needed.",
                credits=get_settings().welcome_credits,
            ),
        ),
    )


def _foot(question: str, label: str, href: str) -> rx.Component:
    return rx.el.p(f"{question} ", page_link(label, href=href, class_name="link"), class_name="sign-foot")
