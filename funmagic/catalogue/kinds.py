"""What a tool says of itself: its steps, inputs and defaults, and how a new installation lists it."""

from dataclasses import dataclass, field
from typing import Any


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
class Listing:
    """How a new installation lists a tool: its texts, the name of its tool type, and its first configuration."""

    tool_type: str
    title: str
    description: str
    features: tuple[str, ...]
    thumbnail: str
    config: dict[str, Any] = field(default_factory=dict)
    is_featured: bool = False


@dataclass(frozen=True)
class ToolKind:
    """A tool the code can run; `saves_output` puts results into the library without being asked.

    One run of a pipeline does all of its steps; of any other tool, one step. The `listing` goes by the same name.
    """

    name: str
    steps: tuple[StepKind, ...]
    listing: Listing | None = None
    saves_output: bool = True
    is_pipeline: bool = True
