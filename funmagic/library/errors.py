"""What can be wrong with a photo whose type we take, and with a user's files as a whole."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_, NN_


class UploadMissing(FunMagicError):
    """The asset row exists, but the file never arrived."""

    code = "UPLOAD_MISSING"
    text = N_("The photo was not uploaded completely. Please upload it again.")


class UnsupportedFile(FunMagicError):
    """The bytes are not one of the accepted image types, whatever the name says."""

    code = "UNSUPPORTED_FILE"
    status = 415
    text = N_("This file is not a photo that we can use. Please choose a PNG, JPEG, WebP, GIF or HEIC.")


class FileTooLarge(FunMagicError):
    """The file has more bytes than its purpose allows."""

    code = "FILE_TOO_LARGE"
    status = 413
    text = N_("This file is too large. The limit is {limit_mb} MB.")


class ImageTooLarge(FunMagicError):
    """The image has more pixels than we can work on."""

    code = "IMAGE_TOO_LARGE"
    status = 413
    text = NN_(
        "This image has too many pixels. The limit is {limit_megapixels} megapixel.",
        "This image has too many pixels. The limit is {limit_megapixels} megapixels.",
        by="limit_megapixels",
    )


class DamagedPhoto(UnsupportedFile):
    """Its pixels are not all there, or cannot be read."""

    code = "DAMAGED_FILE"
    text = N_("This file is damaged. Please choose another photo.")


class PhotoTooSmall(FunMagicError):
    """A side of it has fewer pixels than there is something to see in."""

    code = "PHOTO_TOO_SMALL"
    text = NN_(
        "This photo is too small. Please choose one of at least {side} × {side} pixel.",
        "This photo is too small. Please choose one of at least {side} × {side} pixels.",
        by="side",
    )


class UnusedUploadsFull(FunMagicError):
    """A user has so many bytes here that nothing uses that no more are taken."""

    code = "UNUSED_UPLOADS_FULL"
    status = 429
    retry_after = 600
    text = N_(
        "You have uploaded {limit_mb} MB of photos that were not used, and there is no room for more. Nothing was "
        "charged. We remove unused photos within a day; please try again later."
    )
