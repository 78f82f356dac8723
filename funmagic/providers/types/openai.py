"""OpenAI: what it does, what an admin may set of its image models, and which of them takes what."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from funmagic.core.queues import QueueName
from funmagic.providers.types.base import Offer, Options, ProviderType

STYLISE_MODEL = "gpt-image-2.6-sunburst"
STANDARD_SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536")
SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})", re.ASCII)
SIDE_STEP = 16
LARGEST_SIZE = (3840, 2160)
LONGEST_RATIO = 3


@dataclass(frozen=True)
class Family:
    """Models whose names begin alike, and what they take beyond what all of them do."""

    prefix: str
    has_free_sizes: bool = False
    has_higher_qualities: bool = False
    has_complexity: bool = False
    fidelities: tuple[str, ...] = ()


# The first that fits counts. A model of none of them is taken for a new one, which does at least what all do.
FAMILIES = (
    Family("gpt-image-2.6", has_free_sizes=True, has_higher_qualities=True, has_complexity=True),
    Family("gpt-image-2.5", has_free_sizes=True, has_higher_qualities=True),
    Family("gpt-image-2", has_free_sizes=True),
    Family("gpt-image-1.5", fidelities=("high", "low")),
    Family("gpt-image-1-mini", fidelities=("low",)),
    Family(""),
)


class OpenAIImageOptions(Options):
    """What OpenAI's image models take besides images and prompt; a model's own limits are checked with its name."""

    size: str | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    input_fidelity: Literal["high", "low"] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None

    def check_model(self, model: str | None) -> None:
        """Raise ValueError for what this model does not take, and for options that contradict each other."""
        name = model or STYLISE_MODEL
        family = next(family for family in FAMILIES if name.startswith(family.prefix))
        if self.size is not None:
            _check_size(self.size, name, is_free=family.has_free_sizes)
        if self.quality in ("xhigh", "max") and not family.has_higher_qualities:
            raise ValueError(f"{name} has no quality {self.quality}: choose low, medium, high or auto")
        if self.input_fidelity is not None and self.input_fidelity not in family.fidelities:
            raise ValueError(f"{name} takes no input_fidelity {self.input_fidelity}: leave it out")
        if self.complexity is not None and not family.has_complexity:
            raise ValueError(f"{name} takes no complexity: leave it out")
        if self.background == "transparent" and self.output_format == "jpeg":
            raise ValueError("a transparent background needs output_format png or webp")
        if self.output_compression is not None and self.output_format not in ("jpeg", "webp"):
            raise ValueError("output_compression needs output_format jpeg or webp")


def _check_size(size: str, model: str, *, is_free: bool) -> None:
    if size in STANDARD_SIZES:
        return
    if not is_free:
        raise ValueError(f"{model} has the sizes {', '.join(STANDARD_SIZES)}")
    found = SIZE.fullmatch(size)
    if found is None:
        raise ValueError("a size is auto, or written like 1536x1024")
    short, long = sorted(int(side) for side in found.groups())
    if short % SIDE_STEP or long % SIDE_STEP:
        raise ValueError("both sides of a size must be divisible by 16")
    if long > LONGEST_RATIO * short:
        raise ValueError("one side of a size is three times the other at most")
    if long > LARGEST_SIZE[0] or short > LARGEST_SIZE[1]:
        raise ValueError("a size is 3840x2160 at most")


TYPE = ProviderType(
    "openai",
    "OpenAI",
    offers={"stylise-image": Offer(STYLISE_MODEL, OpenAIImageOptions)},
    base_url="https://api.openai.com/v1",
    queue=QueueName.AI_STREAMING,
    credentials=("organization", "project"),
)
