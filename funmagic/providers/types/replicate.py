"""Replicate: what it does, and what an admin may set of it."""

from typing import Literal

from funmagic.providers.types.base import Offer, Options, ProviderType


class VggtOptions(Options):
    """What VGGT takes besides the cut-out: what lies under its transparent parts while the model looks at it."""

    alpha_blend_onto: Literal["white", "mean", "keep"] | None = None


TYPE = ProviderType(
    "replicate",
    "Replicate",
    offers={
        "image-to-cloud": Offer(
            "vufinder/vggt-1b:35b7a45ef4430c677a6c71f5467ee0d98991502effe0d65bdbd8863fa205cc54",
            VggtOptions,
        )
    },
    base_url="https://api.replicate.com",
)
