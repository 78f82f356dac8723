"""Encrypts providers' credentials and unsent mails for the database: AES-256-GCM, bound to the row and field of each.

Every process may encrypt; only the worker decrypts, to call a provider or to send a mail.
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from funmagic.core.settings import get_settings

VERSION = "v1"
NONCE_BYTES = 12


class UndecryptableSecret(Exception):
    """No key opens this text: it was changed, belongs to another row, or its key is no longer configured."""


def encrypt(text: str, *, table: str, row_id: str, field: str) -> str:
    """The text as only this field of this row can hold it: `v1:` and base64 of nonce and ciphertext."""
    key = get_settings().encryption_key_list()[0]
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _place(table, row_id, field))
    return f"{VERSION}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(sealed: str, *, table: str, row_id: str, field: str) -> str:
    """The text that was encrypted for this place, with whichever key did it; raises UndecryptableSecret."""
    version, _, encoded = sealed.partition(":")
    if version != VERSION:
        raise UndecryptableSecret(f"{table}.{field} of row {row_id} is not in a known format")
    try:
        data = base64.urlsafe_b64decode(encoded)
    except ValueError:
        data = b""
    # Decoding overlooks some characters; what we wrote comes out exactly as it went in.
    if base64.urlsafe_b64encode(data).decode() != encoded:
        raise UndecryptableSecret(f"{table}.{field} of row {row_id} is damaged")
    for key in get_settings().encryption_key_list():
        try:
            opened = AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _place(table, row_id, field))
        except (InvalidTag, ValueError):
            continue
        return opened.decode()
    raise UndecryptableSecret(f"no configured key opens {table}.{field} of row {row_id}")


def _place(table: str, row_id: str, field: str) -> bytes:
    return f"{VERSION}\0{table}\0{row_id}\0{field}".encode()
