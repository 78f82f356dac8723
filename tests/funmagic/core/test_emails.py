import socket
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import select

from funmagic.accounts.errors import EmailTaken
from funmagic.accounts.service import request_magic_link, sign_in
from funmagic.accounts.users import create_user, find_user
from funmagic.core.db import reading, transaction
from funmagic.core.emails import EmailRefused, canonical_email, read_email
from funmagic.core.settings import Settings
from funmagic.mail.render import RenderedMail
from funmagic.models.base import new_id
from funmagic.models.mails import OutgoingMail
from funmagic.models.users import User
from tests import factories
from tests.factories import PASSWORD
from tests.funmagic.rate_limits.limits import set_limits
from worker.mail.smtp import _compose

SPELLINGS = [
    ("anna@m\u00fcnchen.example", "anna@xn--mnchen-3ya.example"),
    ("Anna@MU\u0308NCHEN.Example", "anna@xn--mnchen-3ya.example"),
    (" anna@xn--mnchen-3ya.example\n", "anna@xn--mnchen-3ya.example"),
    ("anna@stra\u00dfe.example", "anna@xn--strae-oqa.example"),
    ("anna@\uff45xample\u3002com", "anna@example.com"),
    ("O'Brien+Fun_{1}@Example.co.uk", "o'brien+fun_{1}@example.co.uk"),
    ("anna@shop.test", "anna@shop.test"),
    ("admin@funmagic.local", "admin@funmagic.local"),
]
REFUSED = [
    "",
    "anna",
    "anna@",
    "@example.com",
    "anna@example",
    "anna@localhost",
    "a@b@example.com",
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "a,b@example.com",
    "a b@example.com",
    "<anna@example.com>",
    "Anna <anna@example.com>",
    '"anna"@example.com',
    "anna@[127.0.0.1]",
    "anna@1.2.3.4",
    "anna@-example.com",
    "anna@exa_mple.com",
    "anna@example..com",
    "anna@example.com.",
    "anna@xn--a.example",
    "anna@nowhere.invalid",
    "anna@exam\u200bple.com",
    "anna\u202e@example.com",
    "an\x00na@example.com",
    "anna@example.com\r\nBcc: eve@example.com",
    "j\u00fcrgen@example.com",
    "stra\u00dfe@example.com",
    "\u212aate@example.com",
    "\uff41nna@example.com",
    "a" * 65 + "@example.com",
    "anna@" + "a" * 64 + ".com",
    "anna@" + "a." * 130 + "com",
    "a" * 400 + "@example.com",
    "anna@\ud800.example",
]


@pytest.mark.parametrize(("spelled", "canonical"), SPELLINGS)
def test_an_email_has_one_form_however_it_is_spelled(spelled: str, canonical: str) -> None:
    assert read_email(spelled) == canonical_email(spelled) == read_email(canonical) == canonical


@pytest.mark.parametrize("email", REFUSED)
def test_what_no_mail_can_be_sent_to_is_refused(email: str) -> None:
    with pytest.raises(EmailRefused):
        read_email(email)


def test_letters_that_few_servers_take_are_refused_in_a_sentence_of_their_own() -> None:
    with pytest.raises(EmailRefused) as refused:
        read_email("j\u00fcrgen@example.com")
    assert "letters a to z before the @" in refused.value.message


@pytest.mark.parametrize(
    ("one", "other"), [("\u212aate@x.example", "kate@x.example"), ("stra\u00dfe@x.de", "strasse@x.de")]
)
def test_no_letter_of_another_alphabet_becomes_one_of_ours_in_what_is_stored(one: str, other: str) -> None:
    with pytest.raises(EmailRefused):
        read_email(one)
    assert read_email(other) == other


@given(
    st.text(alphabet=st.sampled_from("aZ0.!#$%&'*+-/=?^_`{|}~@,\u00fc\u00df \"<"), max_size=30),
    st.sampled_from(SPELLINGS),
)
def test_a_mail_can_be_composed_to_every_email_that_is_accepted(local: str, spelled: tuple[str, str]) -> None:
    try:
        email = read_email(f"{local}@{spelled[0].strip().partition('@')[2]}")
    except EmailRefused:
        return
    mail = _compose(new_id(), email, RenderedMail("Hello", "Hello", "<p>Hello</p>"))
    assert mail["To"].addresses[0].addr_spec == email
    assert email.encode("ascii") in bytes(mail)
    assert canonical_email(email) == email


def test_nobody_is_asked_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked")

    for name in ("getaddrinfo", "socket", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    assert read_email("anna@m\u00fcnchen.example")


ASKING: dict[str, Callable[[TestClient, str], Any]] = {
    "sign-up": lambda client, email: client.post(
        "/api/auth/sign-up", json={"email": email, "password": PASSWORD, "name": "Anna"}
    ),
    "magic link": lambda client, email: client.post("/api/auth/magic-link", json={"email": email, "next": ""}),
    "forgot": lambda client, email: client.post("/api/auth/forgot-password", json={"email": email}),
    "change": lambda client, email: client.post("/api/profile/email", json={"email": email}),
}


@pytest.mark.parametrize("asking", ASKING)
@pytest.mark.parametrize(
    "email", ["a,b@example.com", "<anna@example.com>", "j\u00fcrgen@example.com", "a..b@example.com"]
)
def test_every_form_refuses_it_beside_the_field(alice_client: TestClient, asking: str, email: str) -> None:
    answer = ASKING[asking](alice_client, email)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "VALIDATION_ERROR")
    assert error["details"]["fields"]["email"].startswith(("This is not an email", "Please give an email"))
    with reading() as session:
        assert session.exec(select(OutgoingMail)).all() == []


def test_one_address_is_one_account_in_every_spelling(db: None, redis: None) -> None:
    with transaction() as session:
        made = create_user(
            session, email="anna@m\u00fcnchen.example", name="Anna", password_hash=factories.PASSWORD_HASH
        )
    for spelled, _ in SPELLINGS[:3]:
        with transaction() as session:
            assert find_user(session, spelled).id == made.id
        with pytest.raises(EmailTaken), transaction() as session:
            create_user(session, email=spelled, name="Anna")
        assert sign_in(spelled, PASSWORD).viewer.id == made.id


def test_mails_are_limited_and_sent_to_the_one_form(db: None, redis: None) -> None:
    for spelled, _ in SPELLINGS[:3] * 2:
        with transaction() as session:
            request_magic_link(session, spelled, "/tools")
    with reading() as session:
        recipients = session.exec(select(OutgoingMail.recipient)).all()
    assert recipients == ["anna@xn--mnchen-3ya.example"] * 3


@pytest.mark.usefixtures("real_limits")
def test_another_spelling_is_no_new_start_for_who_guesses(client: TestClient) -> None:
    set_limits(authAction=100, authEmail=2)
    spellings = ["anna@m\u00fcnchen.example", "anna@xn--mnchen-3ya.example", " ANNA@MU\u0308NCHEN.example"]
    guesses = [{"email": email, "password": "a guess at it"} for email in spellings]
    assert [client.post("/api/auth/sign-in", json=guess).status_code for guess in guesses] == [401, 401, 429]


def test_the_first_super_admins_email_is_read_like_any_other() -> None:
    assert Settings(super_admin_email=" Root@M\u00fcnchen.example ").super_admin_email == "root@xn--mnchen-3ya.example"
    with pytest.raises(ValidationError, match="This is not an email address"):
        Settings(super_admin_email="root@example")


def test_an_account_of_old_that_no_mail_reaches_still_opens_with_its_password(db: None, redis: None) -> None:
    with transaction() as session:
        user = create_user(session, email="old@example.com", name="Old", password_hash=factories.PASSWORD_HASH)
        session.get_one(User, user.id).email = "j\u00fcrgen@example.com"
    assert sign_in(" J\u00dcRGEN@example.com", PASSWORD).viewer.id == user.id
