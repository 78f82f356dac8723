"""What can go wrong with files of a user's as a whole."""

from funmagic.errors import FunMagicError


class UnusedUploadsFull(FunMagicError):
    """A user has so many bytes here that nothing uses that no more are taken."""

    code = "UNUSED_UPLOADS_FULL"
    status = 429
    retry_after = 600
    text = (
        "You have uploaded {limit_mb} MB of photos that were not used, and there is no room for more. Nothing was "
        "charged. We remove unused photos within a day; please try again later."
    )
