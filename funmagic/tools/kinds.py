"""What the code knows how to run: every kind of tool with its steps, inputs and defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InputField:
    """A value that a person gives to a step."""

    name: str
    type: str
    label: str
    required: bool = True


@dataclass(frozen=True)
class StepKind:
    """One provider call: the operation asked for, and what it costs and who does it unless an admin says otherwise."""

    id: str
    title: str
    operation: str
    credits: int
    provider: str
    model: str | None = None
    inputs: tuple[InputField, ...] = ()


@dataclass(frozen=True)
class ToolKind:
    """A tool the code can run; `saves_output` puts results into the library without being asked."""

    name: str
    steps: tuple[StepKind, ...]
    saves_output: bool = True


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

TOOL_KINDS = {kind.name: kind for kind in (BACKGROUND_REMOVE,)}
