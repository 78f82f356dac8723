"""A photo taken out of its file: the pixels for Pillow, and beside them only what browsers heed, too."""

from dataclasses import dataclass

from funmagic.library.photos.orientation import UPRIGHT


@dataclass(frozen=True)
class Container:
    """One photo: its type, a file with nothing but its pixels, and how those are to be turned and coloured.

    `frames` is the same file with all of its animation; `foreign_turn` is an orientation that Chromium overlooks.
    """

    mime: str
    data: bytes
    frames: bytes
    orientation: int = UPRIGHT
    foreign_turn: int = UPRIGHT
    profile: bytes | None = None
