"""A password input with a button that shows what was typed."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class PasswordInput(rx.Component):
    """An uncontrolled `<input>` that switches between password and text."""

    library = wrapped_source("forms/password_input.jsx")
    tag = "PasswordInput"
    lib_dependencies: list[str] = ["@zxcvbn-ts/core@4.2.0", "@zxcvbn-ts/language-common@4.1.3"]

    name: rx.Var[str]
    auto_complete: rx.Var[str]
    min_length: rx.Var[int]
    required: rx.Var[bool] = rx.Var.create(True)
    show_label: rx.Var[str]
    hide_label: rx.Var[str]
    # Five words, from the weakest to the strongest: given, they tell how good the password is that is being typed.
    strengths: rx.Var[list[str]]


password_input = PasswordInput.create
