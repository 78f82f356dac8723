"""The pages on which people come in: signing in and up, a new password, a confirmed email."""

import reflex as rx

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, n_
from funmagic.site.frame.page import site_page
from funmagic.site.frame.state import WaysInState
from funmagic.site.sign_in.components import signing_up, ways_in
from funmagic.site.sign_in.forms import forgot_password_form, reset_password_form, verify_email_form
from funmagic.ui.buttons import page_link
from funmagic.ui.feedback import notice
from funmagic.ui.layout import sign_card


def login_page() -> rx.Component:
    """Sign in, and go where the address says, or to the tools."""
    return site_page(
        sign_card(
            rx.cond(WaysInState.problem, notice("warning", WaysInState.problem)),
            ways_in(WaysInState.next_url, WaysInState.query),
            title=_("Welcome back"),
            text=_("Sign in to go on where you left."),
        ),
    )


def register_page() -> rx.Component:
    """Create an account, and go where the address says, or to the tools."""
    return site_page(
        sign_card(
            signing_up(WaysInState.next_url),
            _foot(_("Already have an account?"), _("Sign in"), paths.LOGIN),
            title=_("Create your account"),
            text=n_(
                "{number} free credit to start with. No card needed.",
                "{number} free credits to start with. No card needed.",
                get_settings().welcome_credits,
            ),
        ),
    )


def forgot_password_page() -> rx.Component:
    """The form that has a link to a new password mailed."""
    return site_page(
        sign_card(
            forgot_password_form(),
            _foot(_("Remembered it?"), _("Sign in"), paths.LOGIN),
            title=_("Forgot your password?"),
            text=_("Tell us your email, and we send you a link to a new one."),
        ),
    )


def reset_password_page() -> rx.Component:
    """Choose a new password; the address carries the mailed token."""
    return site_page(
        sign_card(
            reset_password_form(),
            title=_("Choose a new password"),
            text=_("With it you are signed out everywhere else."),
        ),
    )


def verify_email_page() -> rx.Component:
    """Confirm an email; the address carries the mailed token."""
    return site_page(
        sign_card(
            verify_email_form(),
            title=_("Confirm your email"),
            text=_("One click, and we know that this address is yours."),
        ),
    )


def _foot(question: str, label: str, path: str) -> rx.Component:
    link = page_link(label, href=f"{path}{WaysInState.query}", class_name="link")
    return rx.el.p(f"{question} ", link, class_name="sign-foot")
