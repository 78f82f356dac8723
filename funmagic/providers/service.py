"""Providers as admins set them: validated, with their keys encrypted, and never shown again."""

import json
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, select

from funmagic.core.crypto import encrypt
from funmagic.core.db import after_commit
from funmagic.core.errors import SettingRefused
from funmagic.core.json import Shape
from funmagic.core.outbound import AddressRefused, check_address
from funmagic.i18n.translate import _
from funmagic.models.providers import Provider, ProviderScope
from funmagic.providers.breakers import close_breaker
from funmagic.providers.config import ProviderConfig
from funmagic.providers.registry import PROVIDER_TYPES

LONGEST_NAME = 50
LONGEST_KEY = 500
LONGEST_ADDRESS = 300
LONGEST_CREDENTIAL = 500
# Shorter keys would be given away by their ending.
SHORTEST_KEY_WITH_ENDING = 12


class ProviderView(Shape):
    """A provider as an admin may see it: of its key and credentials, only whether there are any."""

    name: str
    scope: str
    type: str
    base_url: str | None
    config: dict[str, Any]
    is_active: bool
    has_api_key: bool
    has_credentials: bool


def set_provider(
    session: Session,
    name: str,
    *,
    scope: str = ProviderScope.WEB,
    kind: str | None = None,
    api_key: str | None = None,
    credentials: dict[str, Any] | None = None,
    base_url: str | None = None,
    config: dict[str, Any] | None = None,
    is_active: bool | None = None,
) -> ProviderView:
    """Make a provider, or change what is given of it; raises SettingRefused with the reason.

    An empty base URL means the type's own again; a configuration, or credentials, replace those before them.
    """
    if scope != ProviderScope.WEB:
        raise SettingRefused(problem=_("There is no scope {scope}; the only one so far is web.", scope=scope))
    provider = _find_or_make(session, name, kind)
    if api_key is not None:
        provider.api_key_encrypted = encrypt(
            _checked_key(api_key), table=Provider.__tablename__, row_id=provider.id, field="api_key"
        )
    if credentials is not None:
        provider.credentials_encrypted = _sealed_credentials(provider, credentials)
    if base_url is not None:
        provider.base_url = _checked_address(base_url) if base_url else None
    if config is not None:
        provider.config = _checked_config(config)
    if is_active is not None:
        provider.is_active = is_active
    session.add(provider)
    session.flush()
    # Whatever kept it from working may be mended now.
    after_commit(session, partial(close_breaker, ProviderScope.WEB, name))
    return _view(provider)


def ending_of(api_key: str) -> str:
    """The last four characters of a key, to recognise it by; nothing of a short one."""
    return api_key.strip()[-4:] if len(api_key.strip()) >= SHORTEST_KEY_WITH_ENDING else ""


def _view(provider: Provider) -> ProviderView:
    return ProviderView(
        name=provider.name,
        scope=ProviderScope.WEB,
        type=provider.type,
        base_url=provider.base_url,
        config=provider.config,
        is_active=provider.is_active,
        has_api_key=provider.api_key_encrypted is not None,
        has_credentials=provider.credentials_encrypted is not None,
    )


def _find_or_make(session: Session, name: str, kind: str | None) -> Provider:
    provider = session.exec(select(Provider).where(Provider.name == name)).first()
    if provider is not None:
        if kind not in (None, provider.type):
            raise SettingRefused(
                problem=_("{name} is a provider of type {type}; that cannot change.", name=name, type=provider.type)
            )
        return provider
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > LONGEST_NAME:
        raise SettingRefused(problem=_("A provider's name is letters, digits, - and _, at most 50 of them."))
    try:
        known = PROVIDER_TYPES[kind or name]
    except KeyError:
        problem = _(
            "There is no provider type {type}. Known types: {known}.",
            type=kind or name,
            known=", ".join(PROVIDER_TYPES),
        )
        raise SettingRefused(problem=problem) from None
    return Provider(name=name, display_name=known.title, type=known.name)


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not _is_one_word(key, LONGEST_KEY):
        raise SettingRefused(problem=_("The API key must be one word of plain characters, at most 500 of them."))
    return key


def _sealed_credentials(provider: Provider, credentials: dict[str, Any]) -> str | None:
    known = PROVIDER_TYPES[provider.type].credentials
    for name, value in credentials.items():
        if name not in known:
            raise SettingRefused(
                problem=_(
                    "{type} has no credential {name}. It may have: {known}.",
                    type=provider.type,
                    name=name,
                    known=", ".join(known) or _("none"),
                )
            )
        if not isinstance(value, str) or not _is_one_word(value, LONGEST_CREDENTIAL):
            raise SettingRefused(
                problem=_("The credential {name} must be one word of plain characters, at most 500 of them.", name=name)
            )
    if not credentials:
        return None
    return encrypt(json.dumps(credentials), table=Provider.__tablename__, row_id=provider.id, field="credentials")


def _is_one_word(text: str, longest: int) -> bool:
    return bool(text) and len(text) <= longest and text.isascii() and text.isprintable() and " " not in text


def _checked_address(base_url: str) -> str:
    try:
        check_address(base_url)
    except AddressRefused as error:
        raise SettingRefused(problem=_("This base URL cannot be used: {reason}", reason=str(error))) from None
    if len(base_url) > LONGEST_ADDRESS or "?" in base_url or "#" in base_url:
        raise SettingRefused(problem=_("A base URL has at most 300 characters, and no query."))
    return base_url.rstrip("/")


def _checked_config(config: dict[str, Any]) -> dict[str, Any]:
    try:
        return ProviderConfig.model_validate(config).model_dump(by_alias=True, exclude_unset=True)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise SettingRefused(problem=_("The configuration cannot be used: {problems}", problems=problems)) from None
