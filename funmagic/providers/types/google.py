"""Gemini: what it does, what an admin may set of its image models, and which of them takes what."""

from typing import Literal

from funmagic.core.queues import QueueName
from funmagic.providers.types.base import Offer, Options, ProviderType

STYLISE_MODEL = "gemini-nano-banana-2.1"
# These make pictures of one size only.
WITHOUT_SIZES = ("gemini-2.5-flash-image",)


class GeminiImageOptions(Options):
    """What Gemini's image models take besides images and prompt; without a ratio they keep the photo's."""

    aspect_ratio: Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"] | None = None
    image_size: Literal["1K", "2K", "4K"] | None = None

    def check_model(self, model: str | None) -> None:
        """Raise ValueError for what this model does not take."""
        name = model or STYLISE_MODEL
        if self.image_size is not None and name.startswith(WITHOUT_SIZES):
            raise ValueError(f"{name} takes no image_size: leave it out")


TYPE = ProviderType(
    "google",
    "Google Gemini",
    offers={"stylise-image": Offer(STYLISE_MODEL, GeminiImageOptions)},
    base_url="https://generativelanguage.googleapis.com",
    queue=QueueName.AI_STREAMING,
)
