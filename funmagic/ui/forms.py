"""Form fields: a label, a control, a hint and an error that belong together; and what every form says in trouble."""

from typing import Any

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.ui.props import Text
from funmagic.ui.wrapped.forms.password_input import password_input


def text_field(
    label: Text,
    name: str,
    *,
    type: str = "text",  # noqa: A002 - the attribute's own name
    hint: Text = "",
    error: Text = "",
    required: bool = False,
    id: str = "",  # noqa: A002 - the attribute's own name
    **props: Any,
) -> rx.Component:
    """One line of text; extra props (autocomplete, placeholder, default_value…) go to the input."""
    field_id = id or f"field-{name}"
    control = rx.el.input(
        id=field_id,
        name=name,
        type=type,
        required=required,
        class_name="input",
        **_described(field_id, error),
        **_dom_props(props),
    )
    return _field(label, field_id, control, hint, error)


def password_field(
    label: Text,
    name: str = "password",
    *,
    show_label: Text,
    hide_label: Text,
    autocomplete: str = "current-password",
    hint: Text = "",
    error: Text = "",
    aside: rx.Component | None = None,
    strengths: list[str] | None = None,
    **props: Any,
) -> rx.Component:
    """A password with a show/hide button; `aside` sits beside the label ("Forgot?").

    Five `strengths`, from the weakest to the strongest, tell how good the password is that is being typed.
    """
    field_id = props.pop("id", f"field-{name}")
    if strengths:
        props["strengths"] = strengths
    control = password_input(
        id=field_id,
        name=name,
        auto_complete=autocomplete,
        show_label=show_label,
        hide_label=hide_label,
        **_described(field_id, error),
        **props,
    )
    return _field(label, field_id, control, hint, error, aside=aside)


def form_messages() -> dict[str, str]:
    """What every form says when nobody answers, when it was sent too often, or when nobody knows why not."""
    return {
        "network": _("We could not be reached. Check your connection and try again."),
        "wait": _("Too many tries. Please wait {seconds} s."),
        "default": _("That did not work. Please try again."),
    }


def _field(
    label: Text, field_id: str, control: rx.Component, hint: Text, error: Text, *, aside: rx.Component | None = None
) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.label(label, html_for=field_id, class_name="label"),
            *([aside] if aside else []),
            class_name="label-row",
        ),
        control,
        rx.el.p(
            rx.cond(error, rx.el.span(error, class_name="field-error"), rx.el.span(hint)),
            id=f"{field_id}-hint",
            class_name="field-hint",
        ),
        class_name="field",
    )


def _described(field_id: str, error: Text) -> dict[str, Any]:
    return {"aria_describedby": f"{field_id}-hint", "aria_invalid": rx.cond(error, True, False)}


def _dom_props(props: dict[str, Any]) -> dict[str, Any]:
    """Accept HTML's `autocomplete` next to Reflex's `auto_complete`."""
    if "autocomplete" in props:
        props["auto_complete"] = props.pop("autocomplete")
    return props
