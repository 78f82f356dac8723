"""Emails: which are accepted, and the one form in which each is stored, compared, counted and mailed."""

import unicodedata

from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email

from funmagic.core.errors import InvalidInput
from funmagic.i18n.translate import N_


class EmailRefused(InvalidInput):
    """No mail can be sent to what was given."""

    code = "INVALID_EMAIL"
    text = N_("This is not an email address that mail can be sent to. Please give one such as name@example.com.")


class InternationalEmailRefused(EmailRefused):
    """The part before the @ has letters that many mail servers do not take."""

    text = N_(
        "Please give an email address with only the letters a to z before the @: many mail servers take no others."
    )


# Looked at no further: an address has 254 characters at most, its domain perhaps fewer than it was typed with.
LONGEST_INPUT = 320
# What only some networks know has mail servers there. The other special names, such as .invalid, have them nowhere.
for name in ("local", "test"):
    if name in SPECIAL_USE_DOMAIN_NAMES:
        SPECIAL_USE_DOMAIN_NAMES.remove(name)


def read_email(text: str) -> str:
    """The canonical form of an email that mail can be sent to: small letters, the domain in ASCII (IDNA).

    Raises EmailRefused. Nobody is asked over the network.
    """
    text = text.strip()
    if len(text) > LONGEST_INPUT:
        raise EmailRefused(field="email")
    try:
        valid = validate_email(text, allow_smtputf8=False, strict=True, check_deliverability=False)
    except ValueError:
        local, at, domain = text.rpartition("@")
        is_international = at and not local.isascii() and domain and "@" not in local
        raise (InternationalEmailRefused if is_international else EmailRefused)(field="email") from None
    # All ASCII by now: no two letters become one.
    return f"{valid.ascii_local_part}@{valid.ascii_domain}".lower()


def canonical_email(text: str) -> str:
    """The form in which an email that somebody gives is looked for and counted; of what is none, one form as well.

    Addresses that were accepted long ago need not be valid today.
    """
    try:
        return read_email(text)
    except EmailRefused:
        return unicodedata.normalize("NFC", text).strip().lower()
