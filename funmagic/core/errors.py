"""Every error a person can meet: a code for clients, a status for HTTP, a sentence for people."""

from typing import Any, ClassVar

from funmagic.i18n.translate import N_, Plural, _


class FunMagicError(Exception):
    """A named fact that stops an action; its message is a translated sentence."""

    code: ClassVar[str] = "ERROR"
    status: ClassVar[int] = 400
    text: ClassVar[str | Plural] = N_("That did not work. Please try again.")
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
    text: ClassVar[str | Plural] = N_("Invalid input. Please check your settings.")


class SettingRefused(InvalidInput):
    """What an admin set does not fit; the sentence says why."""

    code = "SETTING_REFUSED"
    text = N_("{problem}")


class SignInRequired(FunMagicError):
    """There is no valid session."""

    code = "UNAUTHORIZED"
    status = 401
    text = N_("Please sign in to continue.")


class Forbidden(FunMagicError):
    """The session is valid, but its role may not do this."""

    code = "FORBIDDEN"
    status = 403
    text = N_("You are not allowed to do that.")


class NotFound(FunMagicError):
    """It is not there, or it is not yours: the two must look alike."""

    code = "NOT_FOUND"
    status = 404
    text = N_("We could not find that.")


class IdempotencyConflict(FunMagicError):
    """The Idempotency-Key was used before, with another body."""

    code = "IDEMPOTENCY_CONFLICT"
    status = 409
    text = N_("This request was already sent with other contents.")


class LiveUpdatesPaused(FunMagicError):
    """The stream of progress is away; the database still answers."""

    code = "LIVE_UPDATES_PAUSED"
    status = 503
    retry_after = 5
    text = N_("Live updates are paused. Your run goes on; please look again in a moment.")


class DatabaseUnavailable(FunMagicError):
    """The database does not answer."""

    code = "DATABASE_UNAVAILABLE"
    status = 503
    retry_after = 5
    text = N_(
        "We cannot reach our records at the moment. Nothing is lost or charged twice; please try again in a minute."
    )
