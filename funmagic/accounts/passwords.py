"""Passwords: argon2id hashes, slow on purpose, so never computed inside a transaction."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from funmagic.errors import WeakPassword

MIN_PASSWORD = 8
# Long enough for any pass phrase, short enough that hashing cannot be made a denial of service.
MAX_PASSWORD = 200
COMMON_PASSWORDS = frozenset(FREQUENCY_LISTS["passwords"])

_hasher = PasswordHasher()
# Checked when there is no such user, so that a wrong email takes as long as a wrong password.
_DECOY_HASH = _hasher.hash("a password nobody has")


def refuse_common_password(password: str) -> None:
    """Raise WeakPassword for one of those that everybody tries first."""
    if password.strip().casefold() in COMMON_PASSWORDS:
        raise WeakPassword


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(password)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password belongs to the hash; equally slow when there is no hash."""
    try:
        matches = _hasher.verify(password_hash or _DECOY_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and bool(password_hash)
