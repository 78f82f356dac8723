"""The forms that let people in, on pages of their own and in a dialog."""

import reflex as rx

from funmagic import paths
from funmagic.accounts.state import SignInDialogState
from funmagic.errors import EmailTaken, InvalidCredentials
from funmagic.i18n.translate import _
from funmagic.settings import get_settings
from funmagic.ui.buttons import button
from funmagic.ui.dialogs import dialog
from funmagic.ui.forms import password_field, text_field
from funmagic.ui.wrapped.fetch_form import fetch_form


def sign_up_form(next_url: str = "") -> rx.Component:
    """Name, email and password; a new account leads to `next_url`, or back to this very page."""
    return fetch_form(
        text_field(_("Name"), "name", autocomplete="name", required=True, id="sign-up-name", max_length=100),
        text_field(_("Email"), "email", type="email", autocomplete="email", required=True, id="sign-up-email"),
        password_field(
            _("Password"),
            autocomplete="new-password",
            hint=_("At least 8 characters."),
            show_label=_("Show password"),
            hide_label=_("Hide password"),
            id="sign-up-password",
        ),
        button(_("Create account"), type="submit", size="lg"),
        action=paths.API_SIGN_UP,
        next_url=next_url,
        messages=_messages()
        | {
            EmailTaken.code: _(EmailTaken.text),
            "VALIDATION_ERROR": _("Please give a valid email, and a password of at least 8 characters."),
        },
    )


def sign_in_form(next_url: str = "") -> rx.Component:
    """Email and password; success leads to `next_url`, or back to this very page."""
    return fetch_form(
        text_field(_("Email"), "email", type="email", autocomplete="email", required=True, id="sign-in-email"),
        password_field(
            _("Password"),
            autocomplete="current-password",
            show_label=_("Show password"),
            hide_label=_("Hide password"),
            id="sign-in-password",
        ),
        button(_("Sign in"), type="submit", size="lg"),
        action=paths.API_SIGN_IN,
        next_url=next_url,
        messages=_messages() | {InvalidCredentials.code: _(InvalidCredentials.text)},
    )


def sign_in_dialog() -> rx.Component:
    """Lets a visitor in without losing what they were doing; both ways end on this very page."""
    dialog_state = SignInDialogState
    return dialog(
        dialog_state.is_open,
        dialog_state.set_is_open,
        rx.cond(dialog_state.is_new_here, _("One moment before the magic"), _("Welcome back")),
        rx.cond(
            dialog_state.is_new_here,
            _(
                "Create your account and get {credits} free credits. Your photo stays where it is.",
                credits=get_settings().welcome_credits,
            ),
            _("Sign in and go on. Your photo stays where it is."),
        ),
        rx.cond(
            dialog_state.is_new_here,
            rx.fragment(sign_up_form(), _switch(_("Already have an account?"), _("Sign in instead"))),
            rx.fragment(sign_in_form(), _switch(_("New here?"), _("Create an account"))),
        ),
        close_label=_("Close"),
        id="sign-in-dialog",
    )


def _switch(question: str, label: str) -> rx.Component:
    return rx.el.p(
        f"{question} ",
        rx.el.button(label, type="button", class_name="link", on_click=SignInDialogState.switch_form),
        class_name="sign-foot",
    )


def _messages() -> dict[str, str]:
    return {
        "network": _("We could not be reached. Check your connection and try again."),
        "default": _("That did not work. Please try again."),
    }
