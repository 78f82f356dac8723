"""Tripo: what it does, what an admin may set of its models, and which model takes what.

Left out on purpose: whatever makes the result something else than a GLB that we and any viewer can open (`quad` gives
FBX, `compress` gives meshopt, `generate_parts` gives no texture).
"""

from typing import Annotated, Literal

from pydantic import Field

from funmagic.providers.types.base import Offer, Options, ProviderType

IMAGE_TO_MODEL = "v3.1-20260211"
# The larger the mesh, the longer every browser works on it; Tripo's own limit is about here, too.
MOST_FACES = 2_000_000
MOST_FACES_LOW_POLY = 20_000
LOW_POLY_MODELS = ("P1-", "P2-")
GEOMETRY_MODELS = ("v3.",)
EXTREME_TEXTURE_MODELS = ("v3.1-", *LOW_POLY_MODELS)

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class ModelOptions(Options):
    """What Tripo's image-to-model takes besides the image."""

    texture: bool | None = None
    pbr: bool | None = None
    texture_quality: Literal["standard", "detailed", "extreme"] | None = None
    texture_alignment: Literal["original_image", "geometry"] | None = None
    texture_seed: Seed | None = None
    geometry_quality: Literal["standard", "detailed"] | None = None
    face_limit: Annotated[int, Field(ge=100, le=MOST_FACES)] | None = None
    smart_low_poly: bool | None = None
    model_seed: Seed | None = None
    auto_size: bool | None = None
    orientation: Literal["default", "align_image"] | None = None
    enable_image_autofix: bool | None = None
    export_uv: bool | None = None

    def check_model(self, model: str | None) -> None:
        """Raise ValueError for what this model does not take, and for options that contradict each other."""
        self._check_texture()
        name = model or IMAGE_TO_MODEL
        if self.geometry_quality and not name.startswith(GEOMETRY_MODELS):
            raise ValueError(f"geometry_quality is for the models v3.0 and v3.1, not for {name}")
        if self.texture_quality == "extreme" and not name.startswith(EXTREME_TEXTURE_MODELS):
            raise ValueError(f"{name} has no extreme texture_quality")
        if self.smart_low_poly and name.startswith(LOW_POLY_MODELS):
            raise ValueError(f"{name} always makes few faces, without smart_low_poly")
        makes_few = bool(self.smart_low_poly) or name.startswith("P1-")
        if makes_few and (self.face_limit or 0) > MOST_FACES_LOW_POLY:
            raise ValueError(f"a model of few faces has at most {MOST_FACES_LOW_POLY}: lower face_limit")

    def _check_texture(self) -> None:
        if self.texture is not False:
            return
        # Tripo's pbr is on unless told otherwise, and brings the texture back, which is then paid for.
        if self.pbr is not False:
            raise ValueError("texture can only be off when pbr is off, too")
        if self.texture_quality or self.texture_alignment or self.texture_seed is not None:
            raise ValueError("texture_quality, texture_alignment and texture_seed are for models with a texture")
        if self.orientation == "align_image":
            raise ValueError("orientation align_image is for models with a texture")


TYPE = ProviderType(
    "tripo",
    "Tripo",
    offers={"image-to-model": Offer(IMAGE_TO_MODEL, ModelOptions)},
    base_url="https://openapi.tripo3d.ai",
)
