"""Every error a person can meet: a code for clients, a status for HTTP, a sentence for people."""

import time
from typing import Any, ClassVar

from funmagic.i18n.translate import _


class FunMagicError(Exception):
    """A named fact that stops an action; its message is a translated sentence."""

    code: ClassVar[str] = "ERROR"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "That did not work. Please try again."
    # Seconds after which trying again may work; None where it would not.
    retry_after: ClassVar[int | None] = None

    def __init__(self, **details: Any) -> None:
        super().__init__(self.code)
        self.details = details

    @property
    def message(self) -> str:
        """The sentence for people, in the language in force."""
        return _(self.text, **self.details)

    @property
    def notice(self) -> str:
        """The sentence on a page, where nobody reads headers."""
        return self.message

    @property
    def headers(self) -> dict[str, str]:
        """What an HTTP answer says beside it."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after else {}


class InvalidInput(FunMagicError):
    """The request is well-formed, but its values cannot be used."""

    code = "INVALID_INPUT"
    text = "Invalid input. Please check your settings."


class SettingRefused(InvalidInput):
    """What an admin set does not fit; the sentence says why."""

    code = "SETTING_REFUSED"
    text = "{problem}"


class SignInRequired(FunMagicError):
    """There is no valid session."""

    code = "UNAUTHORIZED"
    status = 401
    text = "Please sign in to continue."


class Forbidden(FunMagicError):
    """The session is valid, but its role may not do this."""

    code = "FORBIDDEN"
    status = 403
    text = "You are not allowed to do that."


class ForeignOrigin(Forbidden):
    """An unsafe request came from another site."""

    code = "FOREIGN_ORIGIN"
    text = "This request came from another site and was refused."


class NotFound(FunMagicError):
    """It is not there, or it is not yours: the two must look alike."""

    code = "NOT_FOUND"
    status = 404
    text = "We could not find that."


class InsufficientCredits(FunMagicError):
    """The available credits do not cover the price."""

    code = "INSUFFICIENT_CREDITS"
    status = 402
    text = "Not enough credits. Please purchase more."


class RefundTooLarge(FunMagicError):
    """More was to be given back than a run was charged and has not been given back yet."""

    code = "REFUND_TOO_LARGE"
    status = 409
    text = "Of what this run was charged, {left} credits can still be given back. Nothing was changed."


class PaymentsNotSetUp(FunMagicError):
    """The site has no account at Stripe."""

    code = "PAYMENTS_NOT_SET_UP"
    status = 503
    text = "Payments are not set up on this site, so credits cannot be bought here. Nothing was charged."


class PaymentsUnavailable(FunMagicError):
    """Stripe does not answer, or not as it should."""

    code = "PAYMENTS_UNAVAILABLE"
    status = 503
    retry_after = 30
    text = "We could not reach our payment partner. Nothing was charged. Please try again in a minute."


class NotRefundable(FunMagicError):
    """So much of the payment cannot be given back."""

    code = "NOT_REFUNDABLE"
    status = 409
    text = "This payment cannot be refunded so: {problem} Nothing was given back."


class PackageUnavailable(FunMagicError):
    """The package is not, or no longer, for sale."""

    code = "PACKAGE_UNAVAILABLE"
    status = 404
    text = "This package is no longer for sale. Nothing was charged. Please choose another one."


class EmailTaken(FunMagicError):
    """There is already an account with this email."""

    code = "EMAIL_TAKEN"
    status = 409
    text = "There is already an account with this email. Try signing in instead."


class InvalidCredentials(FunMagicError):
    """The email and the password do not belong together; which one is wrong is not said."""

    code = "INVALID_CREDENTIALS"
    status = 401
    text = "That email and password do not match."


class EmailUnverified(Forbidden):
    """Tools are for people whose email is proved."""

    code = "EMAIL_UNVERIFIED"
    text = "Please confirm your email first: we have sent you a link. Nothing was charged."


class LinkExpired(FunMagicError):
    """A mailed link is unknown, used, replaced by a newer one, or too old."""

    code = "LINK_EXPIRED"
    text = "This link has expired or was already used. Ask for a new one."


class WeakPassword(FunMagicError):
    """The password is one of those that everybody tries first."""

    code = "WEAK_PASSWORD"
    text = "This password is too easy to guess. Please choose another one."


class WrongPassword(FunMagicError):
    """Whoever wants another password does not know the one they have."""

    code = "WRONG_PASSWORD"
    text = "That is not your current password."


class WrongConfirmation(FunMagicError):
    """What was typed to confirm an act is not what had to be typed."""

    code = "WRONG_CONFIRMATION"
    text = "That is not the email of this account. Nothing was deleted."


class LastSuperAdmin(FunMagicError):
    """Without them nobody could run everything any more."""

    code = "LAST_SUPER_ADMIN"
    status = 409
    text = "You are the only super admin. Make somebody else one first. Nothing was deleted."


class LastWayIn(FunMagicError):
    """Without it the account could not be opened any more."""

    code = "LAST_WAY_IN"
    status = 409
    text = "This is your only way to sign in. Add another one first."


class AlreadyLinked(FunMagicError):
    """The account at the provider already opens another account here."""

    code = "ALREADY_LINKED"
    status = 409
    text = "This {provider} account already belongs to another FunMagic account."


class TooManyRequests(FunMagicError):
    """A rate limit is used up."""

    code = "RATE_LIMITED"
    status = 429
    text = "Too many requests. Please wait."

    def __init__(self, retry_after: int, limit: int) -> None:
        super().__init__(retryAfter=retry_after, limit=limit)
        self.retry_after = retry_after  # type: ignore[misc]

    @property
    def notice(self) -> str:
        """The sentence on a page, with the seconds to wait."""
        return _("Too many requests. Please wait {seconds} s.", seconds=self.retry_after)

    @property
    def headers(self) -> dict[str, str]:
        """What an HTTP answer says beside it: of which limit nothing is left, and until when."""
        limit = {"X-RateLimit-Limit": str(self.details["limit"]), "X-RateLimit-Remaining": "0"}
        return {**super().headers, **limit, "X-RateLimit-Reset": str(int(time.time()) + self.details["retryAfter"])}


class TooManyTasks(FunMagicError):
    """The user already has as many running tasks as allowed."""

    code = "TOO_MANY_TASKS"
    status = 429
    retry_after = 5
    text = "You already have {limit} runs in progress. Please wait until one of them ends."


class ToolUnavailable(FunMagicError):
    """The tool is switched off."""

    code = "TOOL_UNAVAILABLE"
    status = 409
    text = "This tool is taking a break. Please come back later."


class PriceChanged(FunMagicError):
    """The tool costs something else than the person was told."""

    code = "PRICE_CHANGED"
    status = 409
    text = "The price has changed to {price} credits. Nothing was charged. Press again if that is fine."


class IdempotencyConflict(FunMagicError):
    """The Idempotency-Key was used before, with another body."""

    code = "IDEMPOTENCY_CONFLICT"
    status = 409
    text = "This request was already sent with other contents."


class TaskRunning(FunMagicError):
    """A running task cannot be deleted."""

    code = "TASK_RUNNING"
    status = 409
    text = "This run is still in progress. Cancel it first."


class TaskFinished(FunMagicError):
    """A finished task cannot be cancelled."""

    code = "TASK_FINISHED"
    status = 409
    text = "This run has already ended."


class TaskNotFailed(FunMagicError):
    """Only a failed task can be tried again."""

    code = "TASK_NOT_FAILED"
    status = 409
    text = "Only a failed run can be tried again."


class UploadMissing(FunMagicError):
    """The asset row exists, but the file never arrived."""

    code = "UPLOAD_MISSING"
    text = "The photo was not uploaded completely. Please upload it again."


class UnsupportedFile(FunMagicError):
    """The bytes are not one of the accepted image types, whatever the name says."""

    code = "UNSUPPORTED_FILE"
    status = 415
    text = "This file is not a photo that we can use. Please choose a PNG, JPEG, WebP, GIF or HEIC."


class FileTooLarge(FunMagicError):
    """The file has more bytes than its purpose allows."""

    code = "FILE_TOO_LARGE"
    status = 413
    text = "This file is too large. The limit is {limit_mb} MB."


class ImageTooLarge(FunMagicError):
    """The image has more pixels than we can work on."""

    code = "IMAGE_TOO_LARGE"
    status = 413
    text = "This image has too many pixels. The limit is {limit_megapixels} megapixels."


class LiveUpdatesPaused(FunMagicError):
    """The stream of progress is away; the database still answers."""

    code = "LIVE_UPDATES_PAUSED"
    status = 503
    retry_after = 5
    text = "Live updates are paused. Your run goes on; please look again in a moment."


class DatabaseUnavailable(FunMagicError):
    """The database does not answer."""

    code = "DATABASE_UNAVAILABLE"
    status = 503
    retry_after = 5
    text = "We cannot reach our records at the moment. Nothing is lost or charged twice; please try again in a minute."
