"""The profile page: everything a person may see and change about themselves."""

import reflex as rx

from funmagic import paths
from funmagic.accounts.errors import EmailTaken, LinkExpired
from funmagic.core.errors import SignInRequired
from funmagic.i18n.translate import _
from funmagic.site.frame.page import site_page
from funmagic.site.frame.state import SessionState
from funmagic.site.profile.sections.access import devices_card, password_card, ways_in_card
from funmagic.site.profile.sections.credits import credits_card
from funmagic.site.profile.sections.leaving import data_card, delete_card
from funmagic.site.profile.sections.preferences import preferences_card, preferences_title
from funmagic.site.profile.sections.you import you_card
from funmagic.site.profile.state import ProfileState
from funmagic.ui.buttons import button, link_button
from funmagic.ui.feedback import empty_state, skeleton
from funmagic.ui.forms import form_messages
from funmagic.ui.layout import container, page_title, sign_card
from funmagic.ui.wrapped.forms.fetch_form import fetch_form
from funmagic.ui.wrapped.section_nav import section_nav


def profile_page() -> rx.Component:
    """A user's own profile; a visitor is on their way to the sign-in page."""
    return site_page(
        container(
            rx.el.div(page_title(_("Profile")), class_name="settings-head"),
            rx.cond(
                SessionState.is_loaded & ~SessionState.is_signed_in,
                _signed_out(),
                rx.cond(ProfileState.is_loaded, _settings(), _waiting()),
            ),
        ),
    )


def email_page() -> rx.Component:
    """Where the links lead that ask addresses about another email; one button, which no program presses."""
    return site_page(
        sign_card(
            fetch_form(
                button(_("Yes, change it"), type="submit", size="lg"),
                action=paths.API_PROFILE_EMAIL_CONFIRM,
                adds=["token"],
                after={
                    "panel": {
                        "title": _("Thank you"),
                        "text": _("Your email changes as soon as every address that we asked has agreed."),
                        "label": _("See your profile"),
                        "href": paths.PROFILE,
                    },
                },
                ways_on={SignInRequired.code: {"label": _("Sign in"), "href": SessionState.login_url}},
                messages=form_messages()
                | {
                    LinkExpired.code: _("This link has expired or was already used. Start again from your profile."),
                    SignInRequired.code: _("Sign in to the account that wants this email first."),
                    EmailTaken.code: _("Another account has this email already."),
                },
            ),
            title=_("Change your email?"),
            text=_("Press the button only if you asked for another email in your profile."),
        ),
    )


def _settings() -> rx.Component:
    sections = [
        ("you", _("You"), you_card),
        ("credits", _("Credits"), credits_card),
        ("password", _("Password"), password_card),
        ("ways-in", _("Ways to sign in"), ways_in_card),
        ("devices", _("Devices"), devices_card),
        ("look", preferences_title(), preferences_card),
        ("data", _("Your data"), data_card),
        ("delete", _("Delete account"), delete_card),
    ]
    return rx.el.div(
        section_nav(
            label=_("Sections of your profile"),
            sections=[{"id": section_id, "title": title} for section_id, title, _card in sections],
        ),
        rx.el.div(*[card(section_id) for section_id, _title, card in sections], class_name="settings-cards"),
        class_name="settings",
    )


def _waiting() -> rx.Component:
    bones = rx.el.div(skeleton("title"), skeleton("text", count=3), class_name="settings-card", aria_hidden="true")
    return rx.el.div(
        rx.el.div(class_name="section-nav"),
        rx.el.div(bones, bones, class_name="settings-cards"),
        class_name="settings",
    )


def _signed_out() -> rx.Component:
    return empty_state(
        _("You are signed out"),
        _("Sign in to see your profile."),
        link_button(_("Sign in"), SessionState.login_url),
        icon="user-round",
    )
