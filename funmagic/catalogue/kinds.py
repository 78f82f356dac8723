"""What the code knows how to run: every kind of tool with its steps, inputs and defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InputField:
    """A value that a person gives to a step: an `image` they uploaded, or a `style` of the tool's configuration."""

    name: str
    type: str
    label: str
    required: bool = True


@dataclass(frozen=True)
class StepKind:
    """One provider call: the operation asked for, and what it costs and who does it unless an admin says otherwise.

    A step `after` another works on what a completed run of that one made. All of its work at the provider, the wait
    for a slot not counted, must be done within `timeout_s`.
    """

    id: str
    title: str
    operation: str
    credits: int
    provider: str
    model: str | None = None
    inputs: tuple[InputField, ...] = ()
    after: str | None = None
    timeout_s: int = 600


@dataclass(frozen=True)
class ToolKind:
    """A tool the code can run; `saves_output` puts results into the library without being asked.

    One run of a pipeline does all of its steps; of any other tool, one step.
    """

    name: str
    steps: tuple[StepKind, ...]
    saves_output: bool = True
    is_pipeline: bool = True


BACKGROUND_REMOVE = ToolKind(
    name="background-remove",
    steps=(
        StepKind(
            id="remove",
            title="Remove background",
            operation="remove-background",
            credits=5,
            provider="local",
            inputs=(InputField("assetId", "image", "Photo"),),
        ),
    ),
)

FIGME = ToolKind(
    name="figme",
    steps=(
        StepKind(
            id="image-gen",
            title="Stylise the photo",
            operation="stylise-image",
            credits=20,
            provider="local",
            inputs=(InputField("assetId", "image", "Photo"), InputField("styleReferenceId", "style", "Style")),
        ),
        StepKind(
            id="3d-gen",
            title="Make it 3D",
            operation="image-to-model",
            credits=30,
            provider="local",
            after="image-gen",
        ),
    ),
    saves_output=False,
    is_pipeline=False,
)
CRYSTAL_MEMORY = ToolKind(
    name="crystal-memory",
    steps=(
        StepKind(
            id="background-remove",
            title="Cut out the subject",
            operation="remove-background",
            credits=5,
            provider="local",
            inputs=(InputField("assetId", "image", "Photo"),),
        ),
        StepKind(
            id="vggt",
            title="Build the point cloud",
            operation="image-to-cloud",
            credits=15,
            provider="local",
        ),
    ),
)

TOOL_KINDS = {
    kind.name: kind
    for kind in (
        BACKGROUND_REMOVE,
        FIGME,
        CRYSTAL_MEMORY,
    )
}
