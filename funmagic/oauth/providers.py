"""The providers that people can sign in with: which are configured, and where and how each is asked."""

import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import certifi

from funmagic.core.settings import get_settings
from funmagic.models.users import AccountProvider
from funmagic.oauth.apple import make_client_secret

if TYPE_CHECKING:
    from authlib.integrations.starlette_client import StarletteOAuth2App

TIMEOUT_S = 10
DISCOVERY = "/.well-known/openid-configuration"

TITLES = {
    AccountProvider.GOOGLE.value: "Google",
    AccountProvider.APPLE.value: "Apple",
    AccountProvider.FACEBOOK.value: "Facebook",
}


def configured_providers() -> list[str]:
    """The names of the providers whose variables are set, in the order in which people see them."""
    settings = get_settings()
    apple = (settings.apple_client_id, settings.apple_team_id, settings.apple_key_id, settings.apple_private_key)
    wanted = {
        AccountProvider.GOOGLE.value: (settings.google_client_id, settings.google_client_secret),
        AccountProvider.APPLE.value: apple,
        AccountProvider.FACEBOOK.value: (settings.facebook_client_id, settings.facebook_client_secret),
    }
    return [provider for provider, values in wanted.items() if all(values)]


def oauth_client(provider: str) -> "StarletteOAuth2App":
    """Our side of a configured provider; made on its first use, which reads certificates and so belongs in a thread."""
    settings = get_settings()
    if provider == AccountProvider.GOOGLE:
        secret = settings.google_client_secret.get_secret_value()
        return _google(settings.google_client_id, secret, settings.google_issuer)
    if provider == AccountProvider.APPLE:
        client = _apple(settings.apple_client_id, settings.apple_issuer)
        client.client_secret = make_client_secret()
        return client
    secret = settings.facebook_client_secret.get_secret_value()
    return _facebook(
        settings.facebook_client_id, secret, settings.facebook_authorize_url, settings.facebook_api_base.rstrip("/")
    )


def issuer_of(provider: str) -> str | None:
    """Who must have signed what a provider says of a person; None for Facebook, which signs nothing."""
    settings = get_settings()
    issuers = {
        AccountProvider.GOOGLE.value: settings.google_issuer,
        AccountProvider.APPLE.value: settings.apple_issuer,
    }
    return issuers.get(provider)


def forget_clients() -> None:
    """Read the providers' descriptions and keys again: those we keep may be what does not fit."""
    for make in (_google, _apple):
        make.cache_clear()


@lru_cache
def _google(client_id: str, client_secret: str, issuer: str) -> "StarletteOAuth2App":
    return _register(
        AccountProvider.GOOGLE,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=issuer + DISCOVERY,
        client_kwargs=_speaking(scope="openid email profile", code_challenge_method="S256"),
    )


@lru_cache
def _apple(client_id: str, issuer: str) -> "StarletteOAuth2App":
    return _register(
        AccountProvider.APPLE,
        client_id=client_id,
        server_metadata_url=issuer + DISCOVERY,
        # Apple insists on a POST for whoever wants to know a name or an email.
        authorize_params={"response_mode": "form_post"},
        client_kwargs=_speaking(
            scope="openid email name",
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
        ),
    )


@lru_cache
def _facebook(client_id: str, client_secret: str, authorize_url: str, api_base: str) -> "StarletteOAuth2App":
    return _register(
        AccountProvider.FACEBOOK,
        client_id=client_id,
        client_secret=client_secret,
        authorize_url=authorize_url,
        access_token_url=f"{api_base}/oauth/access_token",
        api_base_url=f"{api_base}/",
        client_kwargs=_speaking(
            scope="email public_profile",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
        ),
    )


def _register(provider: AccountProvider, **description: Any) -> "StarletteOAuth2App":
    from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415

    return OAuth().register(provider.value, **description)


def _speaking(**options: str) -> dict[str, Any]:
    return {**options, "timeout": TIMEOUT_S, "verify": _tls()}


@lru_cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes longer than most requests.
    return ssl.create_default_context(cafile=certifi.where())
