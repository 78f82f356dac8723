"""The types of provider that the code can talk to; each declares itself in a module of `types`, under its name."""

from importlib import import_module

from funmagic.providers.types.base import ProviderType

NAMES = (
    "local",
    "fal",
    "replicate",
    "openai",
    "google",
    "tripo",
)
PROVIDER_TYPES: dict[str, ProviderType] = {
    name: import_module(f"funmagic.providers.types.{name}").TYPE for name in NAMES
}
