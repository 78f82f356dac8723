"""The refusal of a connection too many."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_


class TooManyConnections(FunMagicError):
    """An address or a user holds as many connections of a kind as one may."""

    code = "TOO_MANY_CONNECTIONS"
    status = 429
    text = N_("Too many connections are open at once. Please close some tabs or wait a moment, and try again.")
    retry_after = 10
