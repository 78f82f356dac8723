"""One form for each thing that people do about their own access."""

from typing import Any

import reflex as rx

from funmagic import paths
from funmagic.accounts.errors import EmailTaken, InvalidCredentials, LinkExpired, WeakPassword
from funmagic.accounts.names import LONGEST_NAME
from funmagic.i18n.translate import _
from funmagic.site.frame.state import SessionState
from funmagic.ui.buttons import button, page_link
from funmagic.ui.forms import form_messages, password_field, text_field
from funmagic.ui.props import Text
from funmagic.ui.wrapped.forms.fetch_form import fetch_button, fetch_form

INVALID = "VALIDATION_ERROR"


def magic_link_form(next_url: Text) -> rx.Component:
    """An email; the link mailed to it signs in, makes the account where there is none, and leads to `next_url`."""
    return fetch_form(
        _email_field("magic-link-email", hint=_("New here? The link makes your account, too.")),
        button(_("Email me a link"), type="submit", size="lg", icon="mail"),
        action=paths.API_MAGIC_LINK,
        after={
            "panel": _inbox(_("We sent a link to {email}. Open it within 10 minutes, in any browser, and you are in."))
            | _send_again(),
            "leave": next_url,
        },
        adds=["next"],
        messages=form_messages() | {INVALID: _("Please give a valid email, with plain letters before the @.")},
    )


def password_form(next_url: Text, forgot: rx.Component) -> rx.Component:
    """Email and password; success leads to `next_url`. `forgot` is for who has lost theirs."""
    return fetch_form(
        _email_field("sign-in-email"),
        _password_field(_("Password"), "sign-in-password", "current-password", aside=forgot),
        button(_("Sign in"), type="submit", size="lg"),
        action=paths.API_SIGN_IN,
        after={"leave": next_url},
        messages=form_messages() | {InvalidCredentials.code: _(InvalidCredentials.text)},
    )


def sign_up_form(next_url: Text) -> rx.Component:
    """Name, email and password; a new account leads to `next_url`, or to the inbox where emails must be proved."""
    return fetch_form(
        text_field(_("Name"), "name", autocomplete="name", required=True, id="sign-up-name", max_length=LONGEST_NAME),
        _email_field("sign-up-email"),
        new_password_field(_("Password"), "sign-up-password"),
        button(_("Create account"), type="submit", size="lg"),
        action=paths.API_SIGN_UP,
        after={
            "panel": _inbox(_("We sent a mail to {email}. Open its link in this browser, and you are in.")),
            "leave": next_url,
            "asksSession": True,
        },
        adds=["browserKey"],
        messages=form_messages()
        | {
            EmailTaken.code: _(EmailTaken.text),
            WeakPassword.code: _(WeakPassword.text),
            INVALID: _(
                "Please give a name that can be read, a valid email with plain letters before the @, "
                "and a password of at least 8 characters."
            ),
        },
    )


def forgot_password_form() -> rx.Component:
    """An email; the link mailed to it leads to a new password."""
    return fetch_form(
        _email_field("forgot-email"),
        button(_("Email me a link"), type="submit", size="lg", icon="mail"),
        action=paths.API_FORGOT_PASSWORD,
        after={
            "panel": _inbox(_("We sent a mail to {email}. Its link leads to a new password, and works for 30 minutes."))
            | _send_again(),
        },
        messages=form_messages() | {INVALID: _("Please give a valid email, with plain letters before the @.")},
    )


def reset_password_form() -> rx.Component:
    """A new password, allowed by the token in the address; then the person is signed in here, and nowhere else."""
    return fetch_form(
        new_password_field(_("New password"), "reset-password"),
        button(_("Save and sign in"), type="submit", size="lg"),
        action=paths.API_RESET_PASSWORD,
        after={"leave": paths.TOOLS},
        adds=["token"],
        ways_on={LinkExpired.code: {"label": _("Get a new link"), "href": paths.FORGOT_PASSWORD}},
        messages=form_messages()
        | {
            LinkExpired.code: _("This link has expired or was already used."),
            WeakPassword.code: _(WeakPassword.text),
            INVALID: _("A password has at least 8 characters."),
        },
    )


def verify_email_form() -> rx.Component:
    """One button: programs that look at links in mails press none."""
    return fetch_form(
        button(_("Confirm my email"), type="submit", size="lg"),
        action=paths.API_VERIFY_EMAIL,
        after={
            "panel": {
                "title": _("Your email is confirmed"),
                "text": _("Thank you. Everything is yours to use now."),
                "label": _("See the tools"),
                "href": paths.TOOLS,
            },
        },
        adds=["token", "browserKey"],
        ways_on={LinkExpired.code: {"label": _("Sign in to get a new one"), "href": paths.LOGIN}},
        messages=form_messages() | {LinkExpired.code: _("This link has expired or was already used.")},
    )


def resend_button(label: str, done_label: str) -> rx.Component:
    """Mails the link that confirms the viewer's email again; says so where it stood, or that nothing was sent."""
    return fetch_button(
        label=label,
        action=paths.API_RESEND_VERIFICATION,
        after={"say": done_label},
        messages=form_messages()
        | {
            "network": _("Nothing was sent: we could not be reached. Check your connection and try again."),
            "default": _("Nothing was sent. Please try again."),
        },
        class_name="link",
    )


def forgot_link(query: Text) -> rx.Component:
    """The link beside a password for who has lost theirs."""
    return page_link(_("Forgot password?"), href=f"{paths.FORGOT_PASSWORD}{query}", class_name="link")


def _email_field(field_id: str, hint: str = "") -> rx.Component:
    return text_field(_("Email"), "email", type="email", autocomplete="email", required=True, id=field_id, hint=hint)


def _password_field(label: str, field_id: str, autocomplete: str, **props: Any) -> rx.Component:
    return password_field(
        label,
        autocomplete=autocomplete,
        show_label=_("Show password"),
        hide_label=_("Hide password"),
        id=field_id,
        **props,
    )


def new_password_field(label: str, field_id: str, **props: object) -> rx.Component:
    """A password that is being chosen, and how good it is."""
    return _password_field(
        label,
        field_id,
        "new-password",
        hint=_("At least 8 characters."),
        min_length=8,
        strengths=[_("Too easy to guess"), _("Weak"), _("Fair"), _("Good"), _("Strong")],
        **props,
    )


def _inbox(text: str) -> dict[str, Text]:
    return {
        "title": _("Check your inbox"),
        "text": text,
        "back": _("Use another email"),
        "inbox": _("Open the development mailbox"),
        "inboxHref": SessionState.mailbox_url,
    }


def _send_again() -> dict[str, Text]:
    return {"again": _("Send it again"), "sentAgain": _("Sent again. Only the newest link works.")}
