"""What an admin may set of each operation at fal.ai."""

from typing import Literal

from funmagic.providers.options.base import Options


class CutoutOptions(Options):
    """What fal's background removal takes besides the photo."""

    preserve_partial_alpha: bool | None = None
    content_moderation: bool | None = None


class VggtOptions(Options):
    """What VGGT takes besides the cut-out: what lies under its transparent parts while the model looks at it."""

    alpha_blend_onto: Literal["white", "mean", "keep"] | None = None
