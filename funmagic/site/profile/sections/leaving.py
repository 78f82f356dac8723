"""What the user may take along, and how they leave."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.site.profile.components import settings_card
from funmagic.site.profile.state import ProfileState
from funmagic.ui.buttons import button
from funmagic.ui.dialogs import dialog
from funmagic.ui.forms import form_messages
from funmagic.ui.wrapped.forms.fetch_form import fetch_form
from funmagic.ui.wrapped.forms.typed_confirmation import typed_confirmation

FIELD = "delete-confirmation"


def data_card(section_id: str) -> rx.Component:
    """Everything we hold about the user, as a file."""
    return settings_card(
        section_id,
        _("Your data"),
        _("Your profile, runs and credits in one JSON file, with links to your files that work for an hour."),
        action=rx.el.a(
            rx.icon("download", size=18, class_name="button-icon"),
            rx.el.span(_("Download my data"), class_name="button-label"),
            href=paths.API_PROFILE_EXPORT,
            download=True,
            reload_document=True,
            class_name="button button-secondary button-md",
        ),
    )


def delete_card(section_id: str) -> rx.Component:
    """The way out, behind a dialog that asks for the email."""
    return settings_card(
        section_id,
        _("Delete account"),
        _(
            "Your profile, files and sign-ins are erased at once, runs in progress are stopped, and credits that are"
            " left are lost. This cannot be undone."
        ),
        _delete_dialog(),
        action=button(
            _("Delete my account"),
            variant="secondary",
            icon="trash-2",
            class_name="button-leaving",
            on_click=ProfileState.set_is_deleting(True),
        ),
        class_name="settings-card-danger",
    )


def _delete_dialog() -> rx.Component:
    return dialog(
        ProfileState.is_deleting,
        ProfileState.set_is_deleting,
        _("Delete your account?"),
        _("Your files, runs and credits go with it, for good."),
        fetch_form(
            rx.el.div(
                rx.el.label(_("Type {email} to confirm", email=ProfileState.email), html_for=FIELD, class_name="label"),
                typed_confirmation(
                    id=FIELD,
                    name="confirmation",
                    expected=ProfileState.email,
                    mismatch=_("Please type your email exactly as it is shown."),
                ),
                class_name="field",
            ),
            rx.el.div(
                button(_("Delete for good"), type="submit", variant="danger"),
                button(_("Keep my account"), variant="secondary", on_click=ProfileState.set_is_deleting(False)),
                class_name="actions",
            ),
            action=paths.API_PROFILE,
            method="DELETE",
            after={"leave": paths.HOME},
            messages=form_messages(),
        ),
        close_label=_("Close"),
        id="delete-dialog",
    )
