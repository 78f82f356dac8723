"""The providers of the tools on loopback, in this process, and a product that is set up to use them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import redis

from funmagic.core.settings import Settings
from funmagic.providers.breakers import breaker_key
from tests.browser.product import Product
from tests.emulators.fal import FalEmulator
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.server import serving
from tests.emulators.tripo import TripoEmulator
from tests.ports import free_port

KEYS = {
    "fal": "emulated-key-0123",
    "openai": "sk-emulated-key-0123",
    "replicate": "r8_emulated0123456789",
    "tripo": "tsk_emulated0123456789",
}
PATHS = {"openai": "/v1"}
# Who does which step of which tool.
STEPS = (
    ("figme", "image-gen", "openai"),
    ("figme", "3d-gen", "tripo"),
    ("crystal-memory", "background-remove", "fal"),
    ("crystal-memory", "vggt", "replicate"),
)


@dataclass
class Emulators:
    """One emulator of each provider that the tools need; it lets in only who knows its key."""

    fal: FalEmulator = field(default_factory=lambda: FalEmulator(key=KEYS["fal"]))
    openai: OpenAIEmulator = field(default_factory=lambda: OpenAIEmulator(key=KEYS["openai"]))
    replicate: ReplicateEmulator = field(default_factory=lambda: ReplicateEmulator(key=KEYS["replicate"]))
    tripo: TripoEmulator = field(default_factory=lambda: TripoEmulator(key=KEYS["tripo"]))

    def reset(self) -> None:
        """Have all of them forget what they were asked, and misbehave no longer."""
        for name in KEYS:
            getattr(self, name).reset()

    def paid_jobs(self) -> dict[str, int]:
        """How many jobs each of them took, and so was paid for; without those that took none."""
        counts = {name: len(getattr(self, name).jobs) for name in KEYS}
        return {name: count for name, count in counts.items() if count}


@contextmanager
def provided_by_emulators(product: Product) -> Iterator[Emulators]:
    """Within the block these providers do FigMe and Crystal Memory in the product, set up as an admin does."""
    emulators = Emulators()
    with ExitStack() as running:
        addresses = {
            name: running.enter_context(serving(getattr(emulators, name).app, free_port())) + PATHS.get(name, "")
            for name in KEYS
        }
        product.commands(
            *(("set-provider", name, "--base-url", addresses[name], "--active", "--api-key-stdin") for name in KEYS),
            *(("set-tool", slug, "--step", step, "--provider", name) for slug, step, name in STEPS),
            given=list(KEYS.values()),
        )
        try:
            yield emulators
        finally:
            product.commands(
                *(("set-tool", slug, "--step", step, "--provider", "local") for slug, step, _ in STEPS),
                *(("set-provider", name, "--inactive") for name in KEYS),
            )


def save_again(product: Product, provider: str) -> None:
    """Do what an admin does who mended something at the provider, which closes its breaker."""
    product.command("set-provider", provider, "--active")


def keep_breaker_open(product: Product, provider: str) -> None:
    """Have the breaker of a provider that refused our account stay open until somebody closes it."""
    connection = redis.Redis.from_url(Settings(data_dir=product.data_dir).redis_address)
    breaker = json.loads(connection.get(breaker_key("web", provider)))
    assert breaker["refused"]
    breaker["opened_until"] = breaker["forgotten_at"]
    connection.set(breaker_key("web", provider), json.dumps(breaker), keepttl=True)
