"""The providers this worker can call: adapters by type, opened for the account in a provider's row."""

from collections.abc import Callable
from importlib import import_module

from worker.providers.accounts import Account
from worker.providers.base import Provider, ProviderUnavailable


def _when_used(module: str, name: str) -> Callable[[Account], Provider]:
    # Some SDKs are large, as is what works on this machine: a worker that never meets their provider does without.
    def make(account: Account) -> Provider:
        adapter: Callable[[Account], Provider] = getattr(import_module(module), name)
        return adapter(account)

    return make


ADAPTERS: dict[str, Callable[[Account], Provider]] = {
    "local": _when_used("worker.providers.local.adapter", "LocalProvider"),
    "fal": _when_used("worker.providers.fal.adapter", "FalProvider"),
    "openai": _when_used("worker.providers.openai.adapter", "OpenAIProvider"),
    "google": _when_used("worker.providers.google.adapter", "GoogleProvider"),
    "replicate": _when_used("worker.providers.replicate.adapter", "ReplicateProvider"),
    "tripo": _when_used("worker.providers.tripo.adapter", "TripoProvider"),
}


def open_provider(account: Account) -> Provider:
    """The provider of an account, ready to be called; raises ProviderUnavailable."""
    if account.type not in ADAPTERS:
        raise ProviderUnavailable(f"the provider {account.name} is of an unknown type, {account.type}")
    return ADAPTERS[account.type](account)
