"""How signing in with a provider can end, besides well: a code for the page that tells it, and the sentence."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_


class LastWayIn(FunMagicError):
    """Without it the account could not be opened any more."""

    code = "LAST_WAY_IN"
    status = 409
    text = N_("This is your only way to sign in. Add another one first.")


class AlreadyLinked(FunMagicError):
    """The account at the provider already opens another account here."""

    code = "ALREADY_LINKED"
    status = 409
    text = N_("This {provider} account already belongs to another FunMagic account.")


class OAuthFailure(FunMagicError):
    """Signing in with a provider did not work; nothing was made or changed."""

    code = "oauth_failed"
    text = N_("Signing in did not work, and nothing was changed. Please try again, or choose another way.")


class OAuthCancelled(OAuthFailure):
    """The person said no at the provider."""

    code = "oauth_cancelled"
    text = N_("You cancelled signing in. Nothing was changed.")


class OAuthExpired(OAuthFailure):
    """The answer comes too late, for the second time, or to another browser than the one that asked."""

    code = "oauth_expired"
    text = N_("This sign-in took too long or was already used. Please try again.")


class OAuthUnavailable(OAuthFailure):
    """The provider is down, too slow, or answers nonsense."""

    code = "oauth_unavailable"
    text = N_("We could not reach that service just now. Please try again in a moment, or choose another way.")


class OAuthEmailMissing(OAuthFailure):
    """The provider does not tell an email, and there is no account without one."""

    code = "oauth_email_missing"
    text = N_("We need an email address for your account, and none was shared with us. Please try again and share it.")


class OAuthEmailTaken(OAuthFailure):
    """There is an account with this email, and the provider does not vouch that it is this person's."""

    code = "oauth_email_taken"
    text = N_(
        "There is already an account with this email. Sign in with a link or your password; "
        "then you can connect this service in your profile."
    )


class OAuthLinked(OAuthFailure):
    """The account at the provider already opens another account here."""

    code = "oauth_already_linked"
    text = N_("That account already belongs to another FunMagic account, and stays there. Nothing was changed.")


FAILURES: dict[str, type[OAuthFailure]] = {
    failure.code: failure
    for failure in (
        OAuthFailure,
        OAuthCancelled,
        OAuthExpired,
        OAuthUnavailable,
        OAuthEmailMissing,
        OAuthEmailTaken,
        OAuthLinked,
    )
}
