import runpy

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.accounts import passwords
from funmagic.accounts.errors import InvalidCredentials, WeakPassword
from funmagic.accounts.passwords import common_passwords, hash_password, password_matches, refuse_common_password
from funmagic.accounts.service import sign_in
from funmagic.accounts.users import find_password_hash, set_password
from funmagic.core.db import reading, transaction
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer


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
    assert len(common_passwords()) > 10_000


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


COMPOSED, DECOMPOSED = "p\u00e4ssw\u00f6rter", "pa\u0308sswo\u0308rter"


@pytest.mark.parametrize(("chosen", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_a_password_fits_however_a_keyboard_spells_it(client: TestClient, chosen: str, typed: str) -> None:
    client.post("/api/auth/sign-up", json={"email": "carol@example.com", "password": chosen, "name": "Carol"})
    body = {"email": "carol@example.com", "password": typed}
    assert client.post("/api/auth/sign-in", json=body).status_code == 200
    change = {"current": typed, "new": f"{chosen} 2"}
    assert client.put("/api/profile/password", json=change).status_code == 204
    assert client.post("/api/auth/sign-in", json={**body, "password": f"{typed} 2"}).status_code == 200


def test_a_hash_of_what_was_once_typed_opens_and_is_replaced(alice: Viewer) -> None:
    raw = passwords._hasher.hash(DECOMPOSED)
    with transaction() as session:
        set_password(session, session.get_one(User, alice.id), raw)
    for wrong in (COMPOSED, "another one"):
        with pytest.raises(InvalidCredentials):
            sign_in(alice.email, wrong)
    assert sign_in(alice.email, DECOMPOSED).viewer.id == alice.id
    with reading() as session:
        assert find_password_hash(session, alice.id) != raw
    for typed in (COMPOSED, DECOMPOSED):
        assert sign_in(alice.email, typed).viewer.id == alice.id


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("e\u0301" * 7, False),
        ("e\u0301" * 8, True),
        ("e\u0301" * 200, True),
        ("e\u0301" * 201, False),
        ("\u1e9b\u0323" * 8, True),
    ],
)
def test_the_length_is_counted_in_the_one_form(client: TestClient, password: str, *, is_taken: bool) -> None:
    answer = client.post("/api/auth/sign-up", json={"email": "c@example.com", "password": password, "name": "Carol"})
    assert answer.status_code == (201 if is_taken else 422)
    assert password not in answer.text


def test_a_common_password_is_one_in_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "common_passwords", lambda: {COMPOSED})
    for spelled in (COMPOSED, DECOMPOSED, DECOMPOSED.upper()):
        with pytest.raises(WeakPassword):
            refuse_common_password(spelled)


def test_what_is_longer_than_any_password_fits_none() -> None:
    assert not password_matches("x" * 201, hash_password("x" * 200))
    assert not password_matches("x" * 201, hash_password("x" * 201))


def test_where_there_is_no_user_a_hash_is_checked_that_is_as_slow_as_everybodys() -> None:
    decoy = runpy.run_path(passwords.__file__)["_DECOY_HASH"]
    assert extract_parameters(decoy) == RFC_9106_LOW_MEMORY
