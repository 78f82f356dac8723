"""The providers this worker knows, by name."""

from worker.providers.base import Provider, ProviderUnavailable
from worker.providers.local import LocalProvider

PROVIDERS: dict[str, Provider] = {"local": LocalProvider()}


def find_provider(name: str) -> Provider:
    """The provider of this name; raises ProviderUnavailable."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise ProviderUnavailable(f"there is no provider {name}") from None
