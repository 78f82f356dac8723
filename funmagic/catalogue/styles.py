"""The styles that people choose from, as a tool's configuration holds them: a reference image and a prompt each."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_STYLES = 8
# Where the styles that come with the product lie; the site serves them from the same place.
ASSETS_DIR = Path(__file__).resolve().parents[2] / "assets"
IMAGE_PATH = re.compile(r"/styles/[\w-]{1,80}\.(webp|png|jpg)", re.ASCII)


@dataclass(frozen=True)
class Style:
    """A style: what it is called, what to ask for, its reference image, and a picture that shows what it does."""

    id: str
    title: str
    prompt: str
    image: str
    thumb: str

    @property
    def file(self) -> Path:
        """The reference image on this machine."""
        return ASSETS_DIR / self.image.removeprefix("/")


def read_styles(config: dict[str, Any]) -> list[Style]:
    """The styles of a tool's configuration, in their order; what is not whole is left out."""
    found = [_read(entry) for entry in config.get("styles", [])[:MOST_STYLES] if isinstance(entry, dict)]
    return [style for style in found if style is not None]


def _read(entry: dict[str, Any]) -> Style | None:
    fields = [entry.get(name) for name in ("id", "title", "prompt", "image")]
    if not all(isinstance(value, str) and value for value in fields):
        return None
    image = entry["image"]
    thumb = entry.get("thumb", entry["image"])
    if not IMAGE_PATH.fullmatch(image) or not IMAGE_PATH.fullmatch(str(thumb)):
        return None
    return Style(entry["id"], entry["title"], entry["prompt"], image, thumb)
