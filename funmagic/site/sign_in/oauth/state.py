"""What pages know of the providers: asked while they are shown, so that one build of them serves every setting."""

import reflex as rx

from funmagic.oauth.providers import configured_providers


class OAuthState(rx.State):
    """The providers that this server offers."""

    @rx.var
    def providers(self) -> list[str]:
        """Their names, in the order in which people see them."""
        return configured_providers()
