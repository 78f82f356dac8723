"""Passwords: argon2id hashes, slow on purpose, so never computed inside a transaction."""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from funmagic.accounts.errors import WeakPassword

MIN_PASSWORD = 8
# Long enough for any pass phrase, short enough that hashing cannot be made a denial of service.
MAX_PASSWORD = 200
# As it is typed: the normal form may be a third of that.
LONGEST_TYPED = 3 * MAX_PASSWORD

_hasher = PasswordHasher()
# Of a password that nobody has: checked when there is no such user, so that a wrong email takes as long as a wrong
# password. It stands here as making it would take a start a tenth of a second.
_DECOY_HASH = "$argon2id$v=19$m=65536,t=3,p=4$7mq/mMkhDyN8zxbAcs52AQ$jQxlVLOy6KSV9iZhuNBWjghJ2vB5yhoWiUDuhQS2goM"


def normal_password(password: str) -> str:
    """The form in which a password is counted, hashed and checked: keyboards spell the same letters in several ways."""
    return unicodedata.normalize("NFC", password)


def has_fitting_length(password: str) -> bool:
    """Whether a password is neither too short nor too long to be chosen."""
    return MIN_PASSWORD <= len(normal_password(password)) <= MAX_PASSWORD


def refuse_common_password(password: str) -> None:
    """Raise WeakPassword for one of those that everybody tries first."""
    if normal_password(password).strip().casefold() in common_passwords():
        raise WeakPassword


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(normal_password(password))


class Verdict(NamedTuple):
    """What came of checking a password; `is_outdated` where the hash is of the form in which it was once typed."""

    is_right: bool
    is_outdated: bool


def check_password(password: str, password_hash: str | None) -> Verdict:
    """Whether the password belongs to the hash; equally slow when there is no hash."""
    normal = normal_password(password)
    if len(normal) > MAX_PASSWORD:
        return Verdict(is_right=False, is_outdated=False)
    if _fits(normal, password_hash):
        return Verdict(is_right=True, is_outdated=False)
    # Hashes used to be made of passwords as they were typed.
    is_right = normal != password and _fits(password, password_hash)
    return Verdict(is_right, is_outdated=is_right)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password belongs to the hash; equally slow when there is no hash."""
    return check_password(password, password_hash).is_right


@lru_cache
def common_passwords() -> frozenset[str]:
    """What everybody tries first, all of it in small letters."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - only who chooses a password needs it

    return frozenset(FREQUENCY_LISTS["passwords"])


def _fits(password: str, password_hash: str | None) -> bool:
    try:
        matches = _hasher.verify(password_hash or _DECOY_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and bool(password_hash)
