"""Why an account is not deleted."""

from funmagic.core.errors import FunMagicError


class WrongConfirmation(FunMagicError):
    """What was typed to confirm an act is not what had to be typed."""

    code = "WRONG_CONFIRMATION"
    text = "That is not the email of this account. Nothing was deleted."


class LastSuperAdmin(FunMagicError):
    """Without them nobody could run everything any more."""

    code = "LAST_SUPER_ADMIN"
    status = 409
    text = "You are the only super admin. Make somebody else one first. Nothing was deleted."
