"""Who the user is: picture, name, email."""

import reflex as rx

from funmagic import paths
from funmagic.accounts.errors import WrongPassword
from funmagic.accounts.names import LONGEST_NAME
from funmagic.core.errors import InvalidInput
from funmagic.i18n.translate import _
from funmagic.library.photos.types import CHOOSABLE
from funmagic.library.uploads import MEGABYTE, SIZE_LIMITS_MB, UploadPurpose
from funmagic.site.frame.state import SessionState
from funmagic.site.profile.avatar_state import AvatarState
from funmagic.site.profile.components import settings_card, settings_row, settings_rule, tag
from funmagic.site.profile.state import ProfileState
from funmagic.site.sign_in.forms import resend_button
from funmagic.ui.buttons import button
from funmagic.ui.feedback import notice
from funmagic.ui.forms import form_messages, password_field, text_field
from funmagic.ui.wrapped.forms.fetch_form import fetch_form
from funmagic.ui.wrapped.photos.avatar_picker import avatar_picker


def you_card(section_id: str) -> rx.Component:
    """Picture, name and email, each with the way to change it."""
    return settings_card(
        section_id,
        _("You"),
        _("Your picture and name are shown to you only, in the header and in mails."),
        _picture(),
        settings_rule(),
        _name_form(),
        settings_rule(),
        _email(),
    )


def _picture() -> rx.Component:
    return avatar_picker(
        image=SessionState.avatar_url,
        initial=ProfileState.name[0:1].upper(),
        accept=list(CHOOSABLE),
        max_bytes=SIZE_LIMITS_MB[UploadPurpose.AVATAR] * MEGABYTE,
        ticket=AvatarState.ticket,
        is_saving=AvatarState.is_saving,
        texts=_picture_texts(),
        on_choose=AvatarState.start_upload,
        on_uploaded=AvatarState.finish_upload,
        on_upload_failed=AvatarState.drop_upload,
        on_cancel_upload=lambda asset_id: AvatarState.drop_upload(asset_id, ""),
        on_remove=AvatarState.remove_picture,
    )


def _picture_texts() -> dict[str, str]:
    limit = SIZE_LIMITS_MB[UploadPurpose.AVATAR]
    return {
        "choose": _("Choose a picture"),
        "hint": _("PNG, JPEG, WebP, GIF or HEIC, up to {limit} MB. You can drop one here, too.", limit=limit),
        "preview": _("This square is what we keep."),
        "undrawn": _("Your browser cannot show HEIC pictures. We keep its middle square."),
        "upload": _("Upload"),
        "save": _("Save picture"),
        "saving": _("Saving …"),
        "cancel": _("Cancel"),
        "remove": _("Remove"),
        "wrong_type": _("This is not a PNG, JPEG, WebP, GIF or HEIC picture."),
        "too_large": _("This picture is larger than {limit} MB.", limit=limit),
        "unreadable": _("This picture cannot be read. Please choose another one."),
        "upload_failed": _("The picture did not arrive. Please try again."),
        "upload_network": _("The connection was lost. Please try again."),
    }


def _name_form() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            text_field(
                _("Name"),
                "name",
                id="profile-name",
                autocomplete="name",
                required=True,
                max_length=LONGEST_NAME,
                default_value=ProfileState.name,
                # A new key makes a new field, with the name that was saved.
                key=ProfileState.name,
            ),
            button(_("Save"), type="submit", variant="secondary"),
            class_name="settings-line",
        ),
        on_submit=ProfileState.rename,
        class_name="settings-form",
    )


def _email() -> rx.Component:
    change = button(
        _("Change"),
        variant="secondary",
        size="sm",
        aria_label=_("Change your email"),
        on_click=ProfileState.set_is_changing_email(True),
    )
    return rx.el.div(
        settings_row(
            rx.icon("mail", size=20),
            rx.fragment(
                ProfileState.email,
                rx.cond(
                    ProfileState.is_verified,
                    tag(_("Confirmed"), "success", "check"),
                    tag(_("Not confirmed"), "warning"),
                ),
            ),
            rx.cond(
                ProfileState.is_verified,
                _("Where your links and news about your account go."),
                rx.fragment(
                    _("Follow the link we sent you."),
                    " ",
                    resend_button(_("Send it again"), _("Sent.")),
                ),
            ),
            rx.cond(ProfileState.is_changing_email, rx.fragment(), change),
        ),
        rx.cond(
            ProfileState.is_changing_email,
            rx.cond(ProfileState.is_verified | ~ProfileState.has_password, _email_form(True), _email_form(False)),
        ),
        rx.cond(
            (ProfileState.pending_email != "") & ~ProfileState.is_changing_email,
            notice(
                "info",
                _(
                    "Your email becomes {email} once you have opened every link that we sent for it.",
                    email=ProfileState.pending_email,
                ),
            ),
        ),
        class_name="settings-stack",
    )


def _email_form(asks_old: bool) -> rx.Component:
    """With the password, an address that was never confirmed need not be read by anybody."""
    if asks_old:
        hint = _("We send a link to both addresses; your email changes once both are opened.")
    else:
        hint = _("We send a link there; your email changes once you open it. The one you have now is not asked.")
    password = password_field(
        _("Current password"),
        "password",
        id="profile-email-password",
        show_label=_("Show password"),
        hide_label=_("Hide password"),
    )
    return rx.el.div(
        fetch_form(
            text_field(
                _("New email"),
                "email",
                type="email",
                id="profile-email",
                autocomplete="email",
                required=True,
                auto_focus=True,
                max_length=320,
                hint=hint,
            ),
            *([] if asks_old else [password]),
            rx.el.div(
                button(_("Send the links") if asks_old else _("Send the link"), type="submit"),
                button(_("Cancel"), variant="ghost", on_click=ProfileState.set_is_changing_email(False)),
                class_name="actions",
            ),
            action=paths.API_PROFILE_EMAIL,
            messages=_email_messages(),
            after={"stay": True},
            on_done=ProfileState.show_email_change,
        ),
        class_name="settings-form",
    )


def _email_messages() -> dict[str, str]:
    return form_messages() | {
        "VALIDATION_ERROR": _("Please give a valid email, with plain letters before the @."),
        InvalidInput.code: _("This is your email already."),
        WrongPassword.code: _(WrongPassword.text),
    }
