"""What each mail says, in the language in force."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_datetime

from funmagic.i18n.translate import _, current_locale, n_
from funmagic.mail.service import MailKind

LONGEST_NAME = 60
# Anybody can sign up with somebody else's email: no name they chose may carry an address into a stranger's mail.
LOOKS_LIKE_AN_ADDRESS = re.compile(r"[/:@<>\\]|\w\.\w")


@dataclass(frozen=True)
class Letter:
    """A mail's words: what it is about, what it says before and after its one button, and where that leads.

    Without a button where there is nothing that its reader could do on the site.
    """

    subject: str
    greeting: str
    opening: str
    closing: str
    button: str = ""
    link: str = ""


Values = Mapping[str, str]


def write_letter(kind: MailKind, values: Values) -> Letter:
    """The words of a mail of this kind."""
    return LETTERS[kind](values)


def _magic_link(values: Values) -> Letter:
    return Letter(
        subject=_("Your sign-in link for FunMagic"),
        greeting=_greeting(values),
        opening=_("Press the button to sign in. If you are new here, this also makes your account."),
        button=_("Sign in"),
        link=values["link"],
        closing=_(
            "The link works once, for 10 minutes. If you did not ask for it, ignore this mail: "
            "nobody can sign in without it."
        ),
    )


def _verify_email(values: Values) -> Letter:
    return Letter(
        subject=_("Confirm your email for FunMagic"),
        greeting=_greeting(values),
        opening=_("Please confirm that this is your email, so that we can reach you and nobody else can use it."),
        button=_("Confirm my email"),
        link=values["link"],
        closing=_(
            "The link works once, for 24 hours. If you did not sign up at FunMagic, somebody gave your email there: "
            "ignore this mail, and it stays unconfirmed. Should you want the account, sign in by email: that shuts "
            "everybody else out of it."
        ),
    )


def _reset_password(values: Values) -> Letter:
    return Letter(
        subject=_("Set a new password for FunMagic"),
        greeting=_greeting(values),
        opening=_("Somebody, most likely you, asked for a new password. Setting it signs you out everywhere else."),
        button=_("Set a new password"),
        link=values["link"],
        closing=_(
            "The link works once, for 30 minutes. If you did not ask for it, ignore this mail: "
            "your password stays as it is."
        ),
    )


def _no_account(values: Values) -> Letter:
    return Letter(
        subject=_("There is no FunMagic account with this email"),
        greeting=_greeting(values),
        opening=_(
            "Somebody asked for a new password, but there is no FunMagic account with this email. "
            "Perhaps you signed up with another one; or sign in by email, which also makes your account."
        ),
        button=_("Go to sign-in"),
        link=values["link"],
        closing=_("If it was not you who asked, ignore this mail."),
    )


def _has_account(values: Values) -> Letter:
    return Letter(
        subject=_("You already have a FunMagic account"),
        greeting=_greeting(values),
        opening=_(
            "Somebody, most likely you, tried to sign up with this email, but it already has an account. "
            "Sign in instead; if you forgot your password, you can set a new one there."
        ),
        button=_("Go to sign-in"),
        link=values["link"],
        closing=_("If it was not you, ignore this mail: nothing has changed."),
    )


def _leave_email(values: Values) -> Letter:
    return Letter(
        subject=_("Do you want to change your FunMagic email?"),
        greeting=_greeting(values),
        opening=_(
            "Somebody, most likely you, asked to change the email of your FunMagic account from {old_email} to "
            "{new_email}. It changes once both addresses have agreed.",
            **_emails(values),
        ),
        button=_("Agree to the change"),
        link=values["link"],
        closing=_(
            "The link works once, for 24 hours. If it was not you, ignore this mail, and look in your profile where "
            "your account is signed in: your email stays as it is."
        ),
    )


def _claim_email(values: Values) -> Letter:
    new_email = values["new_email"]
    opening = _("Please confirm that {new_email} is to be the new email of your FunMagic account.", new_email=new_email)
    if "old_email" in values:
        opening = _(
            "Please confirm that {new_email} is to be the new email of your FunMagic account. It changes once the "
            "address you have there now has agreed, too.",
            new_email=new_email,
        )
    return Letter(
        subject=_("Confirm your new email for FunMagic"),
        greeting=_greeting({}),
        opening=opening,
        button=_("Confirm my new email"),
        link=values["link"],
        closing=_(
            "The link works once, for 24 hours, where you are signed in. If you did not ask for it, ignore this mail: "
            "nothing happens without you."
        ),
    )


def _email_changed(values: Values) -> Letter:
    return Letter(
        subject=_("Your FunMagic email has changed"),
        greeting=_greeting(values),
        opening=_(
            "Your FunMagic account has had the email {new_email} and no longer {old_email} since {when}. "
            "Everywhere else you have been signed out.",
            when=_when(values),
            **_emails(values),
        ),
        button=_("Set a new password"),
        link=values["link"],
        closing=_(
            "If it was you, there is nothing to do. If it was not, somebody can read your mail: secure your mailbox, "
            "and answer this mail at once."
        ),
    )


def _email_left(values: Values) -> Letter:
    if "new_email" not in values:
        return _unconfirmed_email_left(values)
    return Letter(
        subject=_("Your FunMagic email has changed"),
        greeting=_greeting(values),
        opening=_(
            "Your FunMagic account has had the email {new_email} and no longer {old_email} since {when}. "
            "Nothing that we send to this address opens it any more.",
            when=_when(values),
            **_emails(values),
        ),
        closing=_(
            "If it was you, there is nothing to do. If it was not, somebody can read your mail: secure your mailbox, "
            "and answer this mail at once. From here you cannot get the account back yourself; we can."
        ),
    )


def _unconfirmed_email_left(values: Values) -> Letter:
    return Letter(
        subject=_("A FunMagic account no longer has your email"),
        greeting=_greeting({}),
        opening=_(
            "On {when}, a FunMagic account got another email in place of {old_email}, which nobody had confirmed.",
            when=_when(values),
            old_email=values["old_email"],
        ),
        closing=_(
            "If you know of no such account, there is nothing to do: somebody had mistyped theirs. If it is yours, and "
            "it was not you, answer this mail at once. From here you cannot get it back yourself; we can."
        ),
    )


def _password_set(values: Values) -> Letter:
    return _notice(
        values,
        subject=_("A password was set for your FunMagic account"),
        opening=_(
            "On {when}, a password was set for your FunMagic account: it now opens with your email and that password. "
            "Everywhere else you have been signed out.",
            when=_when(values),
        )
        + _dropped_change(values),
    )


def _password_changed(values: Values) -> Letter:
    return _notice(
        values,
        subject=_("Your FunMagic password was changed"),
        opening=_(
            "On {when}, the password of your FunMagic account was changed. Everywhere else you have been signed out.",
            when=_when(values),
        )
        + _dropped_change(values),
    )


def _way_in_added(values: Values) -> Letter:
    return _notice(
        values,
        subject=_("{provider} now opens your FunMagic account", provider=values["provider"]),
        opening=_(
            "On {when}, an account at {provider} was connected to your FunMagic account, and now signs in to it.",
            when=_when(values),
            provider=values["provider"],
        ),
    )


def _way_in_removed(values: Values) -> Letter:
    if not values["provider"]:
        subject = _("Your FunMagic account no longer has a password")
        opening = _("On {when}, the password of your FunMagic account was removed.", when=_when(values))
    else:
        subject = _("{provider} no longer opens your FunMagic account", provider=values["provider"])
        opening = _(
            "On {when}, your account at {provider} was disconnected from your FunMagic account.",
            when=_when(values),
            provider=values["provider"],
        )
    return _notice(values, subject=subject, opening=opening)


def _password_cleared(values: Values) -> Letter:
    return Letter(
        subject=_("Your FunMagic account no longer has a password"),
        greeting=_greeting(values),
        opening=_(
            "On {when}, your email was confirmed for the first time. As somebody else could have made the account "
            "before, whatever opened it until then was removed: the password, connected accounts, and sign-ins "
            "elsewhere. Runs, files and credits are all there.",
            when=_when(values),
        ),
        button=_("Set a new password"),
        link=values["link"],
        closing=_(
            "If the password was yours, set it again, or go on with links in your mail. If it was not, there is "
            "nothing to do: whoever set it is shut out."
        ),
    )


def _notice(values: Values, *, subject: str, opening: str) -> Letter:
    return Letter(
        subject=subject,
        greeting=_greeting(values),
        opening=opening,
        button=_("Set a new password"),
        link=values["link"],
        closing=_(
            "If it was you, there is nothing to do. If it was not, set a new password now, which signs everybody else "
            "out; then look in your profile for ways to sign in that are not yours, and answer this mail."
        ),
    )


def _receipt(values: Values) -> Letter:
    bought = n_("{number} credit", "{number} credits", int(values["credits"]))
    return Letter(
        subject=_("Your receipt from FunMagic: {credits}", credits=bought),
        greeting=_greeting(values),
        opening=_(
            "Thank you. You bought {package} for {price} on {date}, which brought {credits} to your account. "
            "The number of this purchase is {number}.",
            credits=bought,
            **{name: values[name] for name in ("package", "price", "date", "number")},
        ),
        button=_("See your credits"),
        link=values["link"],
        closing=_(
            "You find the invoice under “Manage billing” in your profile. If something is wrong with this purchase, "
            "answer this mail."
        ),
    )


def _dropped_change(values: Values) -> str:
    """What goes with a new password: whoever else was in may have asked for it."""
    if not (email := values.get("dropped_email")):
        return ""
    return " " + _("The change of your email to {email} was called off; ask for it again if you want it.", email=email)


def _when(values: Values) -> str:
    return format_datetime(datetime.fromisoformat(values["at"]), "long", tzinfo=UTC, locale=current_locale())


def _emails(values: Values) -> dict[str, str]:
    return {name: values[name] for name in ("old_email", "new_email")}


def _greeting(values: Values) -> str:
    name = values.get("name", "").strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or LOOKS_LIKE_AN_ADDRESS.search(name):
        return _("Hello,")
    return _("Hello {name},", name=name)


LETTERS: dict[MailKind, Callable[[Values], Letter]] = {
    MailKind.MAGIC_LINK: _magic_link,
    MailKind.VERIFY_EMAIL: _verify_email,
    MailKind.RESET_PASSWORD: _reset_password,
    MailKind.NO_ACCOUNT: _no_account,
    MailKind.HAS_ACCOUNT: _has_account,
    MailKind.LEAVE_EMAIL: _leave_email,
    MailKind.CLAIM_EMAIL: _claim_email,
    MailKind.EMAIL_CHANGED: _email_changed,
    MailKind.EMAIL_LEFT: _email_left,
    MailKind.PASSWORD_SET: _password_set,
    MailKind.PASSWORD_CHANGED: _password_changed,
    MailKind.WAY_IN_ADDED: _way_in_added,
    MailKind.WAY_IN_REMOVED: _way_in_removed,
    MailKind.PASSWORD_CLEARED: _password_cleared,
    MailKind.RECEIPT: _receipt,
}
