"""The OAuth exchange with a provider: where a browser is sent, and whom the provider identifies when it returns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from funmagic.core.emails import EmailRefused, read_email
from funmagic.models.users import AccountProvider
from funmagic.oauth.errors import OAuthCancelled, OAuthExpired, OAuthFailure, OAuthUnavailable
from funmagic.oauth.flow import Flow
from funmagic.oauth.providers import TIMEOUT_S, forget_clients, issuer_of, oauth_client

if TYPE_CHECKING:
    from authlib.integrations.starlette_client import StarletteOAuth2App

log = structlog.get_logger()

PERSON_SAID_NO = {"access_denied", "user_cancelled_authorize", "user_denied"}
# The code was used before, or lay around for too long.
CODE_IS_WORTHLESS = {"invalid_grant"}
PROVIDER_IN_TROUBLE = {"server_error", "temporarily_unavailable"}


@dataclass(frozen=True)
class Identity:
    """Who somebody is at a provider; the email is theirs beyond doubt only where it is verified."""

    provider: str
    account_id: str
    email: str
    is_email_verified: bool
    name: str


async def begin(provider: str, redirect_uri: str) -> tuple[str, dict[str, str]]:
    """Where to send the person, and what to remember of it for a `Flow`; raises OAuthUnavailable."""
    async with _in_plain_words(provider):
        client = await asyncio.to_thread(oauth_client, provider)
        await _check_issuer(client, provider)
        made = await client.create_authorization_url(redirect_uri)
    url = made.pop("url")
    return url, made


def refuse(error: str) -> OAuthFailure:
    """What an error that a provider names means for the person."""
    if error in PERSON_SAID_NO:
        return OAuthCancelled()
    if error in CODE_IS_WORTHLESS:
        return OAuthExpired()
    return OAuthUnavailable() if error in PROVIDER_IN_TROUBLE else OAuthFailure()


async def identify(flow: Flow, code: str, *, told_name: str = "") -> Identity:
    """Who came back with this code; raises an OAuthFailure."""
    async with _in_plain_words(flow.provider):
        client = await asyncio.to_thread(oauth_client, flow.provider)
        proof = {"code_verifier": flow.code_verifier} if flow.code_verifier else {}
        token = await client.fetch_access_token(code=code, redirect_uri=flow.redirect_uri, **proof)
        if flow.provider == AccountProvider.FACEBOOK:
            return _read_facebook(await _fetch_facebook(client, token))
        claims = await _read_id_token(client, token, flow)
        return _read_claims(flow.provider, claims, told_name)


async def _check_issuer(client: "StarletteOAuth2App", provider: str) -> None:
    issuer = issuer_of(provider)
    metadata = await client.load_server_metadata()
    if issuer and metadata.get("issuer") != issuer:
        raise ValueError(f"the document of {issuer} is somebody else's")


async def _read_id_token(client: "StarletteOAuth2App", token: dict[str, Any], flow: Flow) -> dict[str, Any]:
    wanted = {
        "iss": {"essential": True, "value": issuer_of(flow.provider)},
        "aud": {"essential": True, "value": client.client_id},
    }
    claims: dict[str, Any] | None = await client.parse_id_token(token, nonce=flow.nonce, claims_options=wanted)
    if not claims or not flow.nonce:
        raise ValueError("the answer has no id_token")
    return claims


async def _fetch_facebook(client: "StarletteOAuth2App", token: dict[str, Any]) -> dict[str, Any]:
    response = await client.get("me", params={"fields": "id,name,email"}, token=token)
    response.raise_for_status()
    profile: dict[str, Any] = response.json()
    return profile


def _read_claims(provider: str, claims: dict[str, Any], told_name: str) -> Identity:
    return Identity(
        provider,
        account_id=str(claims["sub"]),
        email=_read_email(claims),
        # Apple writes it as a string now and then.
        is_email_verified=str(claims.get("email_verified", "")).lower() == "true",
        name=told_name or str(claims.get("name") or ""),
    )


def _read_facebook(profile: dict[str, Any]) -> Identity:
    # Facebook does not say whether the email was ever proved.
    return Identity(
        AccountProvider.FACEBOOK,
        account_id=str(profile["id"]),
        email=_read_email(profile),
        is_email_verified=False,
        name=str(profile.get("name") or ""),
    )


def _read_email(facts: dict[str, Any]) -> str:
    email = str(facts.get("email") or "")
    # How a provider spells a domain in other letters, and so whose it takes it for, need not be how we do.
    if not email.isascii():
        return ""
    try:
        return read_email(email)
    except EmailRefused:
        return ""


@asynccontextmanager
async def _in_plain_words(provider: str) -> AsyncIterator[None]:
    """Within the block, whatever goes wrong at a provider is raised as the OAuthFailure that it means."""
    # In a thread, as the first of a process would keep everybody waiting for what the next lines then find loaded.
    await asyncio.to_thread(import_module, "authlib.integrations.starlette_client")
    import httpx2  # noqa: PLC0415
    from authlib.integrations.starlette_client import OAuthError  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield
    except OAuthError as error:
        log.warning("oauth_refused", provider=provider, error=error.error, description=error.description)
        raise refuse(str(error.error)) from error  # Facebook puts an object there
    except JoseError as error:
        log.warning("oauth_token_refused", provider=provider, error=str(error))
        forget_clients()
        raise OAuthFailure from error
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        log.warning("oauth_unavailable", provider=provider, error=repr(error))
        raise OAuthUnavailable from error
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        log.warning("oauth_answer_unreadable", provider=provider, error=repr(error))
        forget_clients()
        raise OAuthUnavailable from error
