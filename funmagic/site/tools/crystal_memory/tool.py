"""Crystal Memory: what it runs, and how it is listed."""

from funmagic.catalogue.kinds import InputField, Listing, StepKind, ToolKind
from funmagic.i18n.translate import N_

CUT_OUT = StepKind(
    id="background-remove",
    title=N_("Cut out the subject"),
    operation="remove-background",
    credits=5,
    provider="local",
    inputs=(InputField("assetId", "image", N_("Photo")),),
)
CLOUD = StepKind(
    id="vggt",
    title=N_("Build the point cloud"),
    operation="image-to-cloud",
    credits=15,
    provider="local",
)

KIND = ToolKind(
    name="crystal-memory",
    steps=(CUT_OUT, CLOUD),
    listing=Listing(
        tool_type="3d",
        title=N_("Crystal Memory"),
        description=N_("One click lifts a photo into space: a cloud of coloured points, a memory engraved in crystal."),
        features=(
            N_("Cut out and lifted into space in one go"),
            N_("Fly around it, thin it out, let it shine"),
            N_("A coloured PLY for Blender, MeshLab and Open3D"),
        ),
        thumbnail="/showcase/crystal-memory.webp",
        is_featured=True,
    ),
)
