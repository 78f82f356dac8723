"""How the site looks, and which language it speaks."""

from typing import Any

import reflex as rx
from babel import Locale

from funmagic.i18n.translate import LOCALES, _
from funmagic.profile.preferences import ACCENTS, DEFAULT_ACCENT, DEFAULT_THEME, THEMES
from funmagic.site.frame.preferences_state import PreferencesState
from funmagic.site.frame.state import SessionState
from funmagic.site.profile.components import settings_card
from funmagic.site.profile.state import ProfileState
from funmagic.ui.choices import choice_group, select_field, swatch_choice, theme_choice
from funmagic.ui.props import Text

THEME = rx.cond(SessionState.theme, SessionState.theme, DEFAULT_THEME)
ACCENT = rx.cond(SessionState.accent, SessionState.accent, DEFAULT_ACCENT)


def preferences_card(section_id: str) -> rx.Component:
    """Theme, accent colour, and language where there is more than one."""
    return settings_card(
        section_id,
        preferences_title(),
        _("Kept with your account: every browser you sign in with follows."),
        choice_group(
            _("Theme"),
            *[
                theme_choice(theme, title, is_chosen=theme == THEME, on_choose=_choose(theme, ACCENT))
                for theme, title in _themes().items()
            ],
            class_name="choices-row-themes",
        ),
        choice_group(
            _("Accent colour"),
            *[
                swatch_choice(accent, title, is_chosen=accent == ACCENT, on_choose=_choose(THEME, accent))
                for accent, title in _accents().items()
            ],
        ),
        *([_language()] if len(LOCALES) > 1 else []),
    )


def preferences_title() -> str:
    """What the section is called; there may be nothing to choose about languages."""
    return _("Look and language") if len(LOCALES) > 1 else _("Look")


def _language() -> rx.Component:
    names = [(locale, Locale.parse(locale).get_display_name(locale) or locale) for locale in LOCALES]
    return select_field(
        _("Language"),
        names,
        id="profile-language",
        value=ProfileState.locale,
        on_change=PreferencesState.choose_language,
    )


def _choose(theme: Text, accent: Text) -> Any:
    return lambda _event: PreferencesState.choose_look(theme, accent)


def _themes() -> dict[str, str]:
    titles = (_("System"), _("Light"), _("Dark"))
    return dict(zip(THEMES, titles, strict=True))


def _accents() -> dict[str, str]:
    titles = (_("Rose"), _("Orange"), _("Green"), _("Teal"), _("Blue"), _("Violet"))
    return dict(zip(ACCENTS, titles, strict=True))
