"""FigMe: what it runs, and how it is listed."""

from funmagic.catalogue.kinds import InputField, Listing, StepKind, ToolKind
from funmagic.i18n.translate import N_
from funmagic.site.tools.figme.styles import SEEDED_STYLES

STYLE = InputField("styleReferenceId", "style", N_("Style"))

FIGURE = StepKind(
    id="image-gen",
    title=N_("Stylise the photo"),
    operation="stylise-image",
    credits=20,
    provider="local",
    inputs=(InputField("assetId", "image", N_("Photo")), STYLE),
)
MODEL = StepKind(
    id="3d-gen",
    title=N_("Make it 3D"),
    operation="image-to-model",
    credits=30,
    provider="local",
    after=FIGURE.id,
)

KIND = ToolKind(
    name="figme",
    steps=(FIGURE, MODEL),
    saves_output=False,
    is_pipeline=False,
    listing=Listing(
        tool_type="3d",
        title=N_("FigMe"),
        description=N_(
            "Turn a portrait into a stylised figure, and the figure into a 3D model that you can turn around."
        ),
        features=(
            N_("Pick a style, see the figure, then decide"),
            N_("A textured 3D model in GLB, ready for Blender, games and printing"),
            N_("Each step tells its price before it starts"),
        ),
        thumbnail="/showcase/figme.webp",
        config={"styles": SEEDED_STYLES},
        is_featured=True,
    ),
)
