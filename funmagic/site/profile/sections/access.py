"""How the user comes in: password, connected providers, and the browsers that are in."""

import reflex as rx

from funmagic import paths
from funmagic.accounts.errors import WeakPassword, WrongPassword
from funmagic.i18n.translate import _
from funmagic.oauth.connections import Connection
from funmagic.site.profile.components import settings_card, settings_row, tag
from funmagic.site.profile.state import DeviceRow, ProfileState
from funmagic.site.sign_in.forms import new_password_field
from funmagic.site.sign_in.oauth.marks import MARKS
from funmagic.ui.buttons import button, link_button
from funmagic.ui.forms import form_messages, password_field
from funmagic.ui.wrapped.forms.fetch_form import fetch_form


def password_card(section_id: str) -> rx.Component:
    """Set a password, or change the one there is."""
    return settings_card(
        section_id,
        _("Password"),
        rx.cond(
            ProfileState.has_password,
            _("A new password signs out all your other devices."),
            _("You have none, and need none: a link in your mail signs you in. You can set one all the same."),
        ),
        rx.cond(
            ProfileState.is_loaded, rx.cond(ProfileState.has_password, _password_form(True), _password_form(False))
        ),
    )


def _password_form(has_one: bool) -> rx.Component:
    current = password_field(
        _("Current password"),
        "current",
        id="profile-current-password",
        show_label=_("Show password"),
        hide_label=_("Hide password"),
    )
    return rx.el.div(
        fetch_form(
            *([current] if has_one else []),
            new_password_field(_("New password"), "profile-new-password", name="new"),
            button(_("Change password") if has_one else _("Set password"), type="submit", variant="secondary"),
            action=paths.API_PROFILE_PASSWORD,
            method="PUT",
            messages=form_messages()
            | {
                WrongPassword.code: _(WrongPassword.text),
                WeakPassword.code: _(WeakPassword.text),
                "VALIDATION_ERROR": _("A password has at least 8 characters."),
            },
            after={"stay": True},
            on_done=ProfileState.show_password_change,
        ),
        class_name="settings-form",
    )


def ways_in_card(section_id: str) -> rx.Component:
    """The mailed link, which always works, and the providers."""
    return settings_card(
        section_id,
        _("Ways to sign in"),
        _("Any of these opens your account."),
        rx.el.div(
            settings_row(
                rx.icon("mail", size=20),
                rx.fragment(_("A link in your mail"), tag(_("Always on"), "success", "check")),
                _("Sent to {email} whenever you ask for it.", email=ProfileState.email),
            ),
            settings_row(
                rx.icon("key-round", size=20),
                rx.fragment(
                    _("Password"), rx.cond(ProfileState.has_password, tag(_("On"), "success", "check"), tag(_("Off")))
                ),
                rx.cond(ProfileState.has_password, _("Together with your email."), _("You have not set one.")),
            ),
            rx.foreach(ProfileState.connections, _connection),
            class_name="settings-rows",
        ),
    )


def _connection(connection: rx.Var[Connection]) -> rx.Component:
    link = link_button(
        _("Connect"),
        f"{paths.API_OAUTH}/{connection.provider}?link=1&next={paths.PROFILE}",
        variant="secondary",
        size="sm",
        reload_document=True,
        aria_label=_("Connect {provider}", provider=connection.title),
    )
    unlink = button(
        _("Disconnect"),
        variant="ghost",
        size="sm",
        aria_label=_("Disconnect {provider}", provider=connection.title),
        on_click=ProfileState.disconnect(connection.provider),
    )
    return settings_row(
        rx.match(connection.provider, *((provider, mark()) for provider, mark in MARKS.items()), rx.fragment()),
        rx.fragment(connection.title, rx.cond(connection.is_linked, tag(_("Connected"), "success", "check"))),
        rx.cond(
            connection.is_linked,
            rx.cond(
                connection.can_unlink, _("Opens your account."), _("Your only way in until your email is confirmed.")
            ),
            _("Not connected."),
        ),
        rx.cond(connection.is_linked, rx.cond(connection.can_unlink, unlink), link),
    )


def devices_card(section_id: str) -> rx.Component:
    """Where the account is open."""
    return settings_card(
        section_id,
        _("Devices"),
        _("Browsers that are signed in to your account. Sign out any that you do not know."),
        rx.el.div(rx.foreach(ProfileState.devices, _device), class_name="settings-rows"),
        rx.cond(
            ProfileState.devices.length() > 1,
            rx.el.div(
                button(
                    _("Sign out all other devices"),
                    variant="secondary",
                    icon="log-out",
                    on_click=ProfileState.sign_out_others,
                ),
                class_name="actions",
            ),
        ),
    )


def _device(device: rx.Var[DeviceRow]) -> rx.Component:
    return settings_row(
        rx.cond(device.is_handheld, rx.icon("smartphone", size=20), rx.icon("monitor", size=20)),
        rx.fragment(device.title, rx.cond(device.is_current, tag(_("This device"), "accent"))),
        device.text,
        rx.cond(
            device.is_current,
            rx.fragment(),
            button(
                _("Sign out"),
                variant="secondary",
                size="sm",
                aria_label=_("Sign out {device}", device=device.title),
                on_click=ProfileState.sign_out_device(device.id),
            ),
        ),
    )
