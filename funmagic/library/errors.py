"""What can be wrong with a photo whose type we take, and with a user's files as a whole."""

from funmagic.errors import FunMagicError, UnsupportedFile


class DamagedPhoto(UnsupportedFile):
    """Its pixels are not all there, or cannot be read."""

    code = "DAMAGED_FILE"
    text = "This file is damaged. Please choose another photo."


class PhotoTooSmall(FunMagicError):
    """A side of it has fewer pixels than there is something to see in."""

    code = "PHOTO_TOO_SMALL"
    text = "This photo is too small. Please choose one of at least {side} × {side} pixels."


class UnusedUploadsFull(FunMagicError):
    """A user has so many bytes here that nothing uses that no more are taken."""

    code = "UNUSED_UPLOADS_FULL"
    status = 429
    retry_after = 600
    text = (
        "You have uploaded {limit_mb} MB of photos that were not used, and there is no room for more. Nothing was "
        "charged. We remove unused photos within a day; please try again later."
    )
