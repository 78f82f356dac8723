"""Why a purchase or a refund does not come about, or an event is not believed."""

from funmagic.core.errors import FunMagicError, InvalidInput
from funmagic.i18n.translate import N_


class PaymentsNotSetUp(FunMagicError):
    """The site has no account at Stripe."""

    code = "PAYMENTS_NOT_SET_UP"
    status = 503
    text = N_("Payments are not set up on this site, so credits cannot be bought here. Nothing was charged.")


class PaymentsUnavailable(FunMagicError):
    """Stripe does not answer, or not as it should."""

    code = "PAYMENTS_UNAVAILABLE"
    status = 503
    retry_after = 30
    text = N_("We could not reach our payment partner. Nothing was charged. Please try again in a minute.")


class NotRefundable(FunMagicError):
    """So much of the payment cannot be given back."""

    code = "NOT_REFUNDABLE"
    status = 409
    text = N_("This payment cannot be refunded so: {problem} Nothing was given back.")


class PackageUnavailable(FunMagicError):
    """The package is not, or no longer, for sale."""

    code = "PACKAGE_UNAVAILABLE"
    status = 404
    text = N_("This package is no longer for sale. Nothing was charged. Please choose another one.")


class InvalidSignature(InvalidInput):
    """The event was not signed by Stripe with one of our secrets, or long ago."""

    code = "INVALID_SIGNATURE"
    text = N_("The signature of this event does not fit.")
