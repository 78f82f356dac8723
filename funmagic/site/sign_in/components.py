"""The forms that let people in, on pages of their own and in a dialog."""

import reflex as rx

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, n_
from funmagic.site.frame.state import SignInDialogState
from funmagic.site.sign_in.forms import forgot_link, magic_link_form, password_form, sign_up_form
from funmagic.site.sign_in.oauth.components import oauth_buttons
from funmagic.ui.buttons import page_link
from funmagic.ui.dialogs import dialog
from funmagic.ui.layout import or_divider
from funmagic.ui.props import Text
from funmagic.ui.wrapped.views import view_button, views


def ways_in(next_url: Text, query: Text) -> rx.Component:
    """By a mailed link, or with a password; both lead to `next_url`. `query` goes along to the other pages."""
    sign_up = page_link(_("Create an account"), href=f"{paths.REGISTER}{query}", class_name="link")
    return views(
        _by_link(next_url, _foot(_("New here?"), sign_up)),
        _by_password(next_url, query, _foot(_("New here?"), sign_up)),
        names=["link", "password"],
    )


def signing_up(next_url: Text) -> rx.Component:
    """With a name and a password, or through somebody who knows the person already; both lead to `next_url`."""
    return rx.fragment(sign_up_form(next_url), oauth_buttons(next_url))


def sign_in_dialog(promise: str = "") -> rx.Component:
    """Lets a visitor in without losing what they were doing; every way ends on this very page, as `promise` says."""
    here = SignInDialogState.next_url
    return dialog(
        SignInDialogState.is_open,
        SignInDialogState.set_is_open,
        _("One moment before the magic"),
        " ".join(
            (
                promise or _("Sign in and go on; your photo stays where it is."),
                n_(
                    "New here? You get {number} free credit.",
                    "New here? You get {number} free credits.",
                    get_settings().welcome_credits,
                ),
            )
        ),
        views(
            _by_link(here, _foot(_("New here?"), view_button(_("Create an account"), "sign-up"))),
            _by_password(
                here,
                SignInDialogState.query,
                _foot(_("New here?"), view_button(_("Create an account"), "sign-up")),
            ),
            rx.el.div(
                signing_up(here),
                _foot(_("Already have an account?"), view_button(_("Sign in instead"), "password")),
                class_name="view",
            ),
            names=["link", "password", "sign-up"],
        ),
        close_label=_("Close"),
        id="sign-in-dialog",
    )


def _by_link(next_url: Text, foot: rx.Component) -> rx.Component:
    return rx.el.div(
        magic_link_form(next_url),
        or_divider(_("or")),
        _other_ways(next_url, view_button(_("Use a password instead"), "password", is_wide=True)),
        foot,
        class_name="view",
    )


def _by_password(next_url: Text, query: Text, foot: rx.Component) -> rx.Component:
    return rx.el.div(
        password_form(next_url, forgot_link(query)),
        or_divider(_("or")),
        _other_ways(next_url, view_button(_("Email me a link instead"), "link", is_wide=True)),
        foot,
        class_name="view",
    )


def _other_ways(next_url: Text, *ways: rx.Component) -> rx.Component:
    return rx.el.div(oauth_buttons(next_url), *ways, class_name="other-ways")


def _foot(question: str, way: rx.Component) -> rx.Component:
    return rx.el.p(f"{question} ", way, class_name="sign-foot")
