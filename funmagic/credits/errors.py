"""Why credits are not spent or given back: what people are told has a code, the rest is for our own code."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_, NN_


class InsufficientCredits(FunMagicError):
    """The available credits do not cover the price."""

    code = "INSUFFICIENT_CREDITS"
    status = 402
    text = N_("Not enough credits. Please purchase more.")


class RefundTooLarge(FunMagicError):
    """More was to be given back than a run was charged and has not been given back yet."""

    code = "REFUND_TOO_LARGE"
    status = 409
    text = NN_(
        "Of what this run was charged, {left} credit can still be given back. Nothing was changed.",
        "Of what this run was charged, {left} credits can still be given back. Nothing was changed.",
        by="left",
    )


class AlreadySettled(Exception):
    """A hold was already settled the other way."""


class NothingReserved(Exception):
    """There is no such hold."""


class KeyTaken(Exception):
    """The key was used for a line of another user."""


class ImpossibleEntry(Exception):
    """There is no such account, or more would go back than was ever used or bought."""
