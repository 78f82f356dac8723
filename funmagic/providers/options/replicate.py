"""What an admin may set of each operation at Replicate."""

from typing import Literal

from funmagic.providers.options.base import Options


class VggtOptions(Options):
    """What VGGT takes besides the cut-out: what lies under its transparent parts while the model looks at it."""

    alpha_blend_onto: Literal["white", "mean", "keep"] | None = None
