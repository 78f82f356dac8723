"""Why an account is not deleted."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_


class WrongConfirmation(FunMagicError):
    """What was typed to confirm an act is not what had to be typed."""

    code = "WRONG_CONFIRMATION"
    text = N_("That is not the email of this account. Nothing was deleted.")


class LastSuperAdmin(FunMagicError):
    """Without them nobody could run everything any more."""

    code = "LAST_SUPER_ADMIN"
    status = 409
    text = N_("You are the only super admin. Make somebody else one first. Nothing was deleted.")
