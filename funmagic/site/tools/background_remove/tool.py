"""Background Remove: what it runs, and how it is listed."""

from funmagic.catalogue.kinds import InputField, Listing, StepKind, ToolKind
from funmagic.i18n.translate import N_

REMOVE = StepKind(
    id="remove",
    title=N_("Remove background"),
    operation="remove-background",
    credits=5,
    provider="local",
    inputs=(InputField("assetId", "image", N_("Photo")),),
)

KIND = ToolKind(
    name="background-remove",
    steps=(REMOVE,),
    listing=Listing(
        tool_type="image",
        title=N_("Background Remove"),
        description=N_(
            "Lift any subject off its background, down to the last hair. "
            "You get a full-size PNG with a clean, transparent backdrop."
        ),
        features=(
            N_("Full resolution, never scaled down"),
            N_("Soft edges for hair and fur, with no colour fringe"),
            N_("A real transparent PNG, ready for any design"),
        ),
        thumbnail="/showcase/background-remove.webp",
        is_featured=True,
    ),
)
