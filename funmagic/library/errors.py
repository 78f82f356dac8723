"""What can be wrong with a photo whose type we take."""

from funmagic.errors import FunMagicError, UnsupportedFile


class DamagedPhoto(UnsupportedFile):
    """Its pixels are not all there, or cannot be read."""

    code = "DAMAGED_FILE"
    text = "This file is damaged. Please choose another photo."


class PhotoTooSmall(FunMagicError):
    """A side of it has fewer pixels than there is something to see in."""

    code = "PHOTO_TOO_SMALL"
    text = "This photo is too small. Please choose one of at least {side} × {side} pixels."
