"""What a tab may not send."""

from funmagic.errors import FunMagicError


class TooMuchAtOnce(FunMagicError):
    """An event holds more than any of our pages sends."""

    code = "TOO_MUCH_AT_ONCE"
    status = 413
    text = "That is more than this page can take at once. Nothing was changed and no credits were used."
