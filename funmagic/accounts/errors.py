"""Why an email or a name is not accepted, in a sentence each."""

from funmagic.core.errors import Forbidden, FunMagicError, InvalidInput
from funmagic.i18n.translate import N_, NN_


class EmailTaken(FunMagicError):
    """There is already an account with this email."""

    code = "EMAIL_TAKEN"
    status = 409
    text = N_("There is already an account with this email. Try signing in instead.")


class InvalidCredentials(FunMagicError):
    """The email and the password do not belong together; which one is wrong is not said."""

    code = "INVALID_CREDENTIALS"
    status = 401
    text = N_("That email and password do not match.")


class EmailUnverified(Forbidden):
    """Tools are for people whose email is proved."""

    code = "EMAIL_UNVERIFIED"
    text = N_("Please confirm your email first: we have sent you a link. Nothing was charged.")


class LinkExpired(FunMagicError):
    """A mailed link is unknown, used, replaced by a newer one, or too old."""

    code = "LINK_EXPIRED"
    text = N_("This link has expired or was already used. Ask for a new one.")


class WeakPassword(FunMagicError):
    """The password is one of those that everybody tries first."""

    code = "WEAK_PASSWORD"
    text = N_("This password is too easy to guess. Please choose another one.")


class WrongPassword(FunMagicError):
    """Whoever wants another password does not know the one they have."""

    code = "WRONG_PASSWORD"
    text = N_("That is not your current password.")


class NameRefused(InvalidInput):
    """Nobody could read the name, or it would change what stands around it."""

    code = "INVALID_NAME"
    text = NN_(
        "Please give a name of 1 to {most} character that can be read, without line breaks or control characters.",
        "Please give a name of 1 to {most} characters that can be read, without line breaks or control characters.",
        by="most",
    )
