"""What people want: which tool, on which photo, in which order, and who changes their mind."""

import io
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from funmagic.sessions.viewer import Viewer
from tests import factories

RUN, CLOUD, FIGURE, MODEL = "background-remove", "crystal-memory", "figure", "model"
# What each person does of the mix, one after the other; everybody begins somewhere else.
MIX = (FIGURE, RUN, CLOUD, FIGURE, MODEL, CLOUD, RUN, FIGURE, MODEL, CLOUD)
FOLLOWED_RUNS, FOLLOWED_MIX = 20, 10
CANCELLED = 33
# So that no two photos of the mix are alike, be it after they were cut out or painted over.
NARROWEST, LOWEST, COLUMNS, BITS = 96, 72, 40, 12


@dataclass(frozen=True)
class Errand:
    """One run that somebody wants, under a key of its own."""

    key: str
    kind: str
    photo: str
    is_followed: bool = False
    is_cancelled: bool = False

    def body(self, parent: str | None) -> dict[str, Any]:
        """What is asked of the API; a model is made of a figure."""
        if self.kind == MODEL and parent:
            return {"toolSlug": "figme", "stepId": "3d-gen", "parentTaskId": parent, "input": {}}
        if self.kind in (FIGURE, MODEL):
            values = {"assetId": self.photo, "styleReferenceId": factories.STYLE}
            return {"toolSlug": "figme", "stepId": "image-gen", "input": values}
        return {"toolSlug": self.kind, "input": {"assetId": self.photo}}


@dataclass
class Day:
    """What one person does, and the figures that they could make models of."""

    person: Viewer
    errands: list[Errand] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)


def plan_runs(people: list[Viewer], count: int) -> list[Day]:
    """Background removals, shared among the people; each always takes the same photo."""
    days = [Day(person) for person in people]
    photos = [factories.upload_photo(person) for person in people]
    for number in range(count):
        who = number % len(people)
        followed = number % FOLLOWED_RUNS == 0
        days[who].errands.append(Errand(f"run-{number}", RUN, photos[who], is_followed=followed))
    return days


def plan_mix(people: list[Viewer], count: int) -> list[Day]:
    """Runs of all three tools, shared among the people, every one with a photo of its own."""
    days = [Day(person) for person in people]
    for number in range(count):
        turn, who = divmod(number, len(people))
        photo = factories.upload_photo(people[who], unlike_photo(number), "image/png")
        errand = Errand(
            f"mixed-{number}",
            MIX[(turn + who) % len(MIX)],
            photo,
            is_followed=number % FOLLOWED_MIX == 0,
            is_cancelled=number % CANCELLED == CANCELLED - 1,
        )
        days[who].errands.append(errand)
    return days


def unlike_photo(number: int) -> bytes:
    """A disc with the number's bits on it, in a size that no other number has."""
    down, right = divmod(number, COLUMNS)
    width, height = NARROWEST + right, LOWEST + down
    image = Image.new("RGB", (width, height), (200, 210, 220))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=(180, 40, 40))
    left, top = width // 2 - 2 * BITS // 2, height // 2 - 4
    for bit in range(BITS):
        is_set = number >> bit & 1
        draw.rectangle((left + 2 * bit, top, left + 2 * bit + 1, top + 8), fill="white" if is_set else "black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
