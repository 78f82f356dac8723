"""fal.ai: what it does, and what an admin may set of it."""

from typing import Literal

from funmagic.providers.types.base import Offer, Options, ProviderType


class CutoutOptions(Options):
    """What fal's background removal takes besides the photo."""

    preserve_partial_alpha: bool | None = None
    content_moderation: bool | None = None


class VggtOptions(Options):
    """What VGGT takes besides the cut-out: what lies under its transparent parts while the model looks at it."""

    alpha_blend_onto: Literal["white", "mean", "keep"] | None = None


TYPE = ProviderType(
    "fal",
    "fal.ai",
    offers={
        "remove-background": Offer("fal-ai/bria/background/remove", CutoutOptions),
        "image-to-cloud": Offer("fal-ai/vggt-1b", VggtOptions),
    },
    base_url="https://queue.fal.run",
)
