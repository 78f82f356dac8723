"""Reads a provider's row for the worker: the only place where its key is decrypted."""

import json
from dataclasses import dataclass, field

import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlmodel import Session, col

from funmagic.core.crypto import UndecryptableSecret, decrypt
from funmagic.models.providers import PROVIDER_TABLES, Provider, ProviderScope
from funmagic.providers.config import ProviderConfig
from worker.providers.base import ProviderUnavailable

FIND_PROVIDER = {
    scope: sa.select(table).where(col(table.name) == sa.bindparam("name")) for scope, table in PROVIDER_TABLES.items()
}


@dataclass(frozen=True)
class Account:
    """Where a provider is, who we are there, and what an admin configured; printing it shows no secret.

    `scope` says whose limits, breaker and health these are. `credentials` is what some want besides the key, by name.
    """

    name: str
    type: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    config: ProviderConfig = field(default_factory=ProviderConfig)
    credentials: dict[str, SecretStr] = field(default_factory=dict)
    scope: ProviderScope = field(kw_only=True)


def read_account(session: Session, scope: ProviderScope, name: str, *, must_be_active: bool = True) -> Account:
    """The account at a provider; raises ProviderUnavailable when there is none, or when it is switched off."""
    row = session.execute(FIND_PROVIDER[scope], {"name": name}).scalar_one_or_none()
    if row is None:
        raise ProviderUnavailable(f"there is no provider {name}")
    if must_be_active and not row.is_active:
        raise ProviderUnavailable(f"the provider {name} is switched off")
    try:
        config = ProviderConfig.model_validate(row.config)
        api_key = _open_field(row, "api_key", row.api_key_encrypted)
        credentials = _open_field(row, "credentials", row.credentials_encrypted)
        named = json.loads(credentials.get_secret_value()) if credentials else {}
    except (ValidationError, UndecryptableSecret) as error:
        raise ProviderUnavailable(f"the provider {name} is not set up right: {error}") from None
    secrets = {name: SecretStr(value) for name, value in named.items()}
    return Account(row.name, row.type, row.base_url, api_key, config, secrets, scope=scope)


def _open_field(row: Provider, name: str, sealed: str | None) -> SecretStr | None:
    if sealed is None:
        return None
    return SecretStr(decrypt(sealed, table=row.__tablename__, row_id=row.id, field=name))
