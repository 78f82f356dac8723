"""Admins made on the server's command line."""

import secrets
from dataclasses import dataclass

from funmagic.accounts.passwords import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    has_fitting_length,
    hash_password,
    refuse_common_password,
)
from funmagic.accounts.roles import make_admin
from funmagic.accounts.users import find_user
from funmagic.core.db import reading, transaction
from funmagic.core.emails import read_email
from funmagic.core.errors import SettingRefused
from funmagic.models.users import Role


@dataclass(frozen=True)
class MadeAdmin:
    """An admin, and the password that was made for them; empty when they have one that they know."""

    email: str
    role: str
    password: str


def create_admin(email: str, *, role: str, password: str | None = None) -> MadeAdmin:
    """Give somebody a role of the dashboard, and make them a user when they are none.

    A given password becomes theirs, and ends their sessions. Without one, who has proved their email keeps what they
    have, and anybody else gets a password made here. Raises EmailRefused, SettingRefused, WeakPassword, or EmailTaken
    for somebody who is banned.
    """
    email = read_email(email)
    generated = secrets.token_urlsafe(12) if password is None and not _is_proven(email) else ""
    chosen = generated or password
    password_hash = None if chosen is None else _hash(chosen)
    with transaction() as session:
        user = make_admin(session, email, role=Role(role), password_hash=password_hash)
        return MadeAdmin(user.email, user.role, generated)


def _is_proven(email: str) -> bool:
    with reading() as session:
        user = find_user(session, email)
        return user is not None and user.email_verified_at is not None


def _hash(password: str) -> str:
    if not has_fitting_length(password):
        raise SettingRefused(problem=f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    refuse_common_password(password)
    return hash_password(password)
