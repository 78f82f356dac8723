"""The types of provider the code can talk to: what each can do, with which model, and where it is."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProviderType:
    """A kind of service; `models` names the operations it can do, each with the model used unless an admin says so."""

    name: str
    title: str
    models: dict[str, str | None] = field(default_factory=dict)
    base_url: str | None = None


LOCAL = ProviderType("local", "This machine", {"remove-background": None})
FAL = ProviderType("fal", "fal.ai", {"remove-background": "fal-ai/bria/background/remove"}, "https://queue.fal.run")

PROVIDER_TYPES = {kind.name: kind for kind in (LOCAL, FAL)}
