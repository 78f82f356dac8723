"""Makes pictures fit for providers: upright without a hint, of a type they know, and no larger than they may be."""

from funmagic.core.errors import FunMagicError
from funmagic.library.photos.decoder import decode_photo
from funmagic.library.photos.rewriting import make_plain, write_picture
from funmagic.library.photos.types import SUFFIXES
from worker.providers.base import DamagedFile, InputFile, InvalidWork, Work

# What is too large is written anew in this size: the models look at no more.
LONGEST_SIDE = 2048


def plain_picture(file: InputFile, name: str = "photo") -> InputFile:
    """The picture in full size under a plain name: its own pixels where all see them alike, else written anew.

    Raises DamagedFile for what cannot be decoded.
    """
    try:
        data, mime = make_plain(file.data)
    except FunMagicError as error:
        raise DamagedFile(f"cannot decode the picture: {error}") from None
    return InputFile(data, mime, f"{name}.{SUFFIXES[mime]}", file.asset_id)


def fit_picture(file: InputFile, name: str, *, max_bytes: int) -> InputFile:
    """The picture as `plain_picture` makes it, and smaller where that would have more bytes than allowed."""
    plain = plain_picture(file, name)
    if len(plain.data) <= max_bytes:
        return plain
    picture = decode_photo(plain.data, near=LONGEST_SIDE)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    data, mime = write_picture(picture)
    return InputFile(data, mime, f"{name}.{SUFFIXES[mime]}", file.asset_id)


def stylise_inputs(work: Work, *, max_bytes: int) -> tuple[list[InputFile], str]:
    """The person's photo and the picture of the style, no larger than allowed, and what to ask for in words.

    Raises InvalidWork when no style was chosen.
    """
    if work.style is None:
        raise InvalidWork("no style was chosen")
    pictures = {"photo": work.files["assetId"], "style": work.style.image}
    return [fit_picture(file, name, max_bytes=max_bytes) for name, file in pictures.items()], work.style.prompt
