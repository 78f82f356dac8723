"""The providers this worker can call: adapters by type, opened for the account in a provider's row."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from funmagic.providers.registry import PROVIDER_TYPES
from worker.providers.accounts import Account
from worker.providers.base import Provider, ProviderUnavailable


def _open(kind: str, account: Account) -> Provider:
    # Loaded when it is used: some SDKs are large, and a worker that never meets their provider does without them.
    provider: Provider = import_module(f"worker.providers.{kind}.adapter").Adapter(account)
    return provider


# The adapter of a type is the class Adapter in `worker.providers.<type>.adapter`.
ADAPTERS: dict[str, Callable[[Account], Provider]] = {kind: partial(_open, kind) for kind in PROVIDER_TYPES}


def open_provider(account: Account) -> Provider:
    """The provider of an account, ready to be called; raises ProviderUnavailable."""
    if account.type not in ADAPTERS:
        raise ProviderUnavailable(f"the provider {account.name} is of an unknown type, {account.type}")
    return ADAPTERS[account.type](account)
