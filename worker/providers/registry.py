"""The providers this worker can call: adapters by type, opened for the account in a provider's row."""

from collections.abc import Callable

from worker.providers.accounts import Account
from worker.providers.base import Provider, ProviderUnavailable
from worker.providers.fal import FalProvider
from worker.providers.local import LocalProvider

ADAPTERS: dict[str, Callable[[Account], Provider]] = {"local": LocalProvider, "fal": FalProvider}


def open_provider(account: Account) -> Provider:
    """The provider of an account, ready to be called; raises ProviderUnavailable."""
    if account.type not in ADAPTERS:
        raise ProviderUnavailable(f"the provider {account.name} is of an unknown type, {account.type}")
    return ADAPTERS[account.type](account)
