"""The buttons that lead to the providers; each is there only where its provider is configured."""

import reflex as rx
from reflex.vars.function import FunctionStringVar

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.oauth.providers import TITLES
from funmagic.site.sign_in.oauth.marks import MARKS
from funmagic.site.sign_in.oauth.state import OAuthState
from funmagic.ui.buttons import page_link
from funmagic.ui.props import Text


def oauth_buttons(next_url: Text) -> rx.Component:
    """One button for each configured provider, leading to `next_url` in the end; nothing where there is none."""
    return rx.cond(
        OAuthState.providers.length() > 0,
        rx.el.div(*[_button(provider, next_url) for provider in TITLES], class_name="oauth-buttons"),
    )


def _button(provider: str, next_url: Text) -> rx.Component:
    link = page_link(
        MARKS[provider](),
        rx.el.span(_("Continue with {provider}", provider=TITLES[provider]), class_name="button-label"),
        href=f"{paths.API_OAUTH}/{provider}?next=" + _encoded(next_url),
        # No page of Reflex's: the server sends the browser on.
        reload_document=True,
        class_name="button button-secondary button-md button-wide",
    )
    return rx.cond(OAuthState.providers.contains(provider), link)


def _encoded(next_url: Text) -> rx.Var[str]:
    return FunctionStringVar.create("encodeURIComponent").call(rx.Var.create(next_url)).to(str)
