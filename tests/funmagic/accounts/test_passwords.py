import runpy

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.accounts import passwords
from funmagic.accounts.passwords import COMMON_PASSWORDS, hash_password, password_matches, refuse_common_password
from funmagic.db import reading
from funmagic.errors import WeakPassword
from funmagic.models.users import User


@pytest.mark.parametrize("password", ["password", "Password", "PASSWORD1", "12345678", "  iloveyou ", "qwertyuiop"])
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        refuse_common_password(password)


@pytest.mark.parametrize("password", ["correct horse battery", "pässwört-mit-ümläut", "x7$Kq2!mZ", "密码密码密码密码"])
def test_other_passwords_are_taken(password: str) -> None:
    refuse_common_password(password)
    assert password_matches(password, hash_password(password))


def test_a_hash_costs_what_is_recommended_against_attackers() -> None:
    product = runpy.run_path(passwords.__file__)  # as it is by itself: for the other tests, hashing is made fast
    assert extract_parameters(product["hash_password"]("correct horse battery")) == RFC_9106_LOW_MEMORY


def test_the_list_is_a_long_one() -> None:
    assert len(COMMON_PASSWORDS) > 10_000


def test_signing_up_with_one_of_them_says_so_and_makes_nobody(client: TestClient) -> None:
    body = {"email": "carol@example.com", "password": "password1", "name": "Carol"}
    answer = client.post("/api/auth/sign-up", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WEAK_PASSWORD")
    assert "set-cookie" not in answer.headers
    with reading() as session:
        assert session.exec(select(User)).all() == []


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$broken"])
def test_no_password_fits_what_is_no_hash(stored: str | None) -> None:
    assert not password_matches("a password nobody has", stored)
