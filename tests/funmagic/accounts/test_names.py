import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from funmagic.accounts.errors import NameRefused
from funmagic.accounts.names import LONGEST_NAME, clean_name, read_name
from funmagic.accounts.users import create_user
from funmagic.core.db import reading, transaction
from funmagic.models.users import User
from tests.factories import PASSWORD

REFUSED = [
    "",
    "   ",
    "Al\x00ice",
    "Alice\r\nBcc: eve@example.com",
    "Al\tice",
    "Al\x85ice",
    "Al\u2028ice",
    "\u202ealice",
    "al\u2066ice",
    "al\u200fice",
    "\u200b",
    "\u200d\u200c",
    "\ufeff\u2060",
    "\u00ad",
    "\u3164",
    "\u2800\u2800",
    "\u0301",
    "\ue000",
    "a" * (LONGEST_NAME + 1),
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Alice \u3000 of  Wonderland ", "Alice of Wonderland"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("e\u0301" * LONGEST_NAME, "\u00e9" * LONGEST_NAME),
        ("\u738b\u5c0f\u660e", "\u738b\u5c0f\u660e"),
        ("\u0645\u062d\u0645\u062f", "\u0645\u062d\u0645\u062f"),
        ("\u0645\u06cc\u200c\u0631\u0636\u0627", "\u0645\u06cc\u200c\u0631\u0636\u0627"),
        ("O'Brien-\u0141ukasz, Jr.", "O'Brien-\u0141ukasz, Jr."),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
    ],
)
def test_a_name_that_can_be_read_has_one_form(text: str, name: str) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize("text", REFUSED)
def test_what_nobody_could_read_is_refused(text: str) -> None:
    with pytest.raises(NameRefused):
        read_name(text)


@pytest.mark.parametrize("name", [*REFUSED, "a" * 401])
def test_signing_up_and_renaming_refuse_the_same(alice_client: TestClient, name: str) -> None:
    answers = [
        alice_client.post("/api/auth/sign-up", json={"email": "c@example.com", "password": PASSWORD, "name": name}),
        alice_client.patch("/api/profile", json={"name": name}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert list(answer.json()["error"]["details"]["fields"]) == ["name"]
    with reading() as session:
        assert session.exec(select(User.name)).all() == ["Alice"]


@pytest.mark.parametrize("name", REFUSED)
def test_nobody_is_made_with_such_a_name_from_anywhere(db: None, name: str) -> None:
    with pytest.raises(NameRefused), transaction() as session:
        create_user(session, email="c@example.com", name=name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("G\x00ina\u202e Gold\r\n", "Gina Gold"),
        ("Gina\nGold", "Gina Gold"),
        ("\u200b", "gina"),
        ("", "gina"),
        ("\u3164", "gina"),
    ],
)
def test_of_a_name_that_a_provider_gives_what_can_be_read_is_kept(text: str, name: str) -> None:
    assert clean_name(text, otherwise="gina") == name


@given(st.text(max_size=300))
def test_what_is_cleaned_is_a_name(text: str) -> None:
    name = clean_name(text, otherwise="gina")
    assert read_name(name) == name
