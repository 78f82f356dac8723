"""What a tab may not send, or can no longer."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_


class TooMuchAtOnce(FunMagicError):
    """An event holds more than any of our pages sends."""

    code = "TOO_MUCH_AT_ONCE"
    status = 413
    text = N_("That is more than this page can take at once. Nothing was changed and no credits were used.")


class UnknownEvent(FunMagicError):
    """A page asks for what this version of the site does not have."""

    code = "UNKNOWN_EVENT"
    text = N_("This page is older than the site. Nothing was changed and no credits were used. Please load it again.")
