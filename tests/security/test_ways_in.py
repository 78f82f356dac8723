"""What strangers try at the ways in: being sent elsewhere, using links twice, asking who has an account, smuggling."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import func, select

from funmagic import paths
from funmagic.accounts import passwords
from funmagic.core.db import reading
from funmagic.core.links import own_path
from funmagic.core.settings import get_settings
from funmagic.models.credits import CreditTransaction
from funmagic.models.mails import OutgoingMail
from funmagic.models.users import OneTimeToken, Role, User, UserSession
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.mailbox import Mailbox, link_in
from tests.servers import shared_api

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n//evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\x00/evil.example",
    "/tools\r\nSet-Cookie: fm_session=theirs",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "//[::1",
    "/\u2028/evil.example",
    "/" + "a" * 600,
    "/api/auth/sign-out",
    "/storage/funmagic-private/x",
]


def new_browser() -> TestClient:
    return TestClient(shared_api(), base_url="http://localhost:3999", follow_redirects=False)


def token_in(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def request_link(client: TestClient, email: str, next_url: str = "") -> Response:
    return client.post(paths.API_MAGIC_LINK, json={"email": email, "next": next_url})


def enter(client: TestClient, token: str) -> Response:
    return client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": token}, follow_redirects=False)


def count(table: type) -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_a_link_leads_nowhere_but_to_our_own_pages(client: TestClient, mailbox: Mailbox, wanted: str) -> None:
    assert request_link(client, "carol@example.com", wanted).status_code == 202
    answer = enter(client, token_in(link_in(mailbox.newest("carol@example.com"))))
    assert (answer.status_code, answer.headers["location"]) == (303, paths.TOOLS)


@pytest.mark.parametrize("wanted", ELSEWHERE)
@pytest.mark.parametrize("encode", [quote, lambda text: quote(quote(text, safe=""), safe="")], ids=["once", "twice"])
def test_an_encoded_address_stays_a_path_of_ours(wanted: str, encode: Callable[[str], str]) -> None:
    path = own_path("/" + encode(wanted))
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert urlsplit(path).netloc == ""


@pytest.mark.parametrize("wanted", ["/tools/background-remove?task=1&x=%2F%2Fevil#top", "/profile", "/zh/tools"])
def test_a_link_leads_back_to_where_the_person_was_going(client: TestClient, mailbox: Mailbox, wanted: str) -> None:
    request_link(client, "carol@example.com", wanted)
    assert enter(client, token_in(link_in(mailbox.newest()))).headers["location"] == wanted


def test_next_is_not_taken_from_whoever_uses_the_link(client: TestClient, mailbox: Mailbox) -> None:
    request_link(client, "carol@example.com")
    token = token_in(link_in(mailbox.newest()))
    client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": token, "next": "//evil.example"})
    answer = enter(client, token)
    assert answer.headers.get("location", paths.TOOLS) == paths.TOOLS


def test_twenty_at_once_use_one_link_and_one_gets_in(client: TestClient, mailbox: Mailbox) -> None:
    request_link(client, "carol@example.com")
    token = token_in(link_in(mailbox.newest()))
    browsers = [new_browser() for _ in range(20)]
    answers = factories.run_together(20, lambda: enter(browsers.pop(), token))
    assert sorted(answer.status_code for answer in answers) == [303] + 19 * [400]
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 400} == {"LINK_EXPIRED"}
    assert [count(table) for table in (User, UserSession, CreditTransaction)] == [1, 1, 1]


def test_two_links_at_once_for_somebody_new_make_one_user(client: TestClient, mailbox: Mailbox) -> None:
    """An account made by password at the moment in which a link proves the same email."""
    request_link(client, "carol@example.com")
    token = token_in(link_in(mailbox.newest()))
    body = {"email": "carol@example.com", "password": PASSWORD, "name": "Carol"}
    acts: list[Callable[[], Response]] = [
        lambda: enter(new_browser(), token),
        lambda: new_browser().post(paths.API_SIGN_UP, json=body),
    ]
    answers = factories.run_together(2, lambda: acts.pop()())  # noqa: PLW0108 - each thread takes another one
    # 401: the account was made, and whoever proved its email took it over before its maker was signed in.
    assert all(answer.status_code in (201, 303, 401, 409) for answer in answers)
    assert [count(table) for table in (User, CreditTransaction)] == [1, 1]
    assert factories.books_are_right()


@pytest.mark.parametrize("again", [1, 2])
def test_a_used_link_is_refused_in_the_browser_that_used_it_too(
    client: TestClient, mailbox: Mailbox, again: int
) -> None:
    request_link(client, "carol@example.com")
    token = token_in(link_in(mailbox.newest()))
    assert enter(client, token).status_code == 303
    for _ in range(again):
        assert enter(client, token).json()["error"]["code"] == "LINK_EXPIRED"


def test_a_secret_is_good_for_its_purpose_only(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    request_link(client, alice.email)
    magic = token_in(link_in(mailbox.newest()))
    client.post(paths.API_FORGOT_PASSWORD, json={"email": alice.email})
    reset = token_in(link_in(mailbox.newest()))
    assert magic != reset
    wrong = [
        enter(client, reset),
        client.post(paths.API_RESET_PASSWORD, json={"token": magic, "password": "another good password"}),
        client.post(paths.API_VERIFY_EMAIL, json={"token": magic}),
        client.post(paths.API_VERIFY_EMAIL, json={"token": reset}),
    ]
    assert {answer.json()["error"]["code"] for answer in wrong} == {"LINK_EXPIRED"}
    assert enter(client, magic).status_code == 303


def test_no_secret_of_a_link_is_stored_or_shown_to_who_asked(client: TestClient, mailbox: Mailbox) -> None:
    answer = request_link(client, "carol@example.com")
    token = token_in(link_in(mailbox.newest()))
    with reading() as session:
        assert token not in repr([row.model_dump() for row in session.exec(select(OneTimeToken)).all()])
    assert token not in answer.text
    assert token not in repr(answer.headers)


ASKING: list[tuple[str, dict[str, Any]]] = [
    (paths.API_SIGN_IN, {"password": "not the password"}),
    (paths.API_MAGIC_LINK, {}),
    (paths.API_FORGOT_PASSWORD, {}),
]


@pytest.mark.parametrize(("path", "body"), ASKING)
def test_answers_do_not_tell_who_has_an_account(
    alice: Viewer, client: TestClient, path: str, body: dict[str, Any]
) -> None:
    known, unknown = (client.post(path, json=body | {"email": email}) for email in (alice.email, "nobody@example.com"))
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert told_by(known) == told_by(unknown)


@pytest.mark.parametrize(("path", "body"), ASKING)
def test_the_slow_part_is_done_whether_or_not_there_is_an_account(
    alice: Viewer, client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    """The work is counted, because clocks lie: hashes of passwords, and mails on their way."""
    work = WorkDone(monkeypatch)
    known = work.of(lambda: client.post(path, json=body | {"email": alice.email}))
    unknown = work.of(lambda: client.post(path, json=body | {"email": "nobody@example.com"}))
    assert known == unknown
    assert sum(known) > 0


def test_the_slow_part_is_done_for_those_without_a_password_too(
    client: TestClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_link(client, "carol@example.com")
    enter(client, token_in(link_in(mailbox.newest())))
    work = WorkDone(monkeypatch)
    body = {"email": "carol@example.com", "password": PASSWORD}
    assert work.of(lambda: client.post(paths.API_SIGN_IN, json=body)) == (1, 0)


def test_where_emails_must_be_proved_signing_up_does_not_tell_either(
    alice: Viewer, client: TestClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "require_email_verification", True)
    work = WorkDone(monkeypatch)
    answers: list[Response] = []

    def sign_up(email: str) -> None:
        body = {"email": email, "password": PASSWORD, "name": "Carol"}
        answers.append(client.post(paths.API_SIGN_UP, json=body))

    assert work.of(lambda: sign_up(alice.email)) == work.of(lambda: sign_up("carol@example.com"))
    taken, free = answers
    assert taken.status_code == free.status_code == 201
    assert told_by(taken) == told_by(free)
    for answer, email in ((taken, alice.email), (free, "carol@example.com")):
        user = answer.json()["user"]
        assert user == {"id": user["id"], "email": email, "name": "Carol", "role": "user", "isVerified": False}
    assert taken.json()["user"]["id"] != alice.id
    assert [len(mailbox.messages(email)) for email in (alice.email, "carol@example.com")] == [1, 1]


def told_by(answer: Response) -> set[str]:
    """What an answer's headers are called: a cookie for one and none for the other would tell."""
    return set(answer.headers) - {"x-request-id"}


class WorkDone:
    """Counts what takes long: passwords hashed or checked, and mails written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashed = 0
        hasher = passwords._hasher
        monkeypatch.setattr(passwords, "_hasher", self)
        self._hasher = hasher

    def hash(self, password: str) -> str:
        self.hashed += 1
        return self._hasher.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self.hashed += 1
        return self._hasher.verify(hashed, password)

    def of(self, act: Callable[[], object]) -> tuple[int, int]:
        hashed, mails = self.hashed, count(OutgoingMail)
        act()
        return self.hashed - hashed, count(OutgoingMail) - mails


SMUGGLED = {
    "role": Role.SUPER_ADMIN,
    "credits": 9999,
    "balance": 9999,
    "isVerified": True,
    "is_verified": True,
    "emailVerifiedAt": "2020-01-01T00:00:00Z",
    "id": "01890000-0000-7000-8000-000000000000",
    "userId": "01890000-0000-7000-8000-000000000000",
    "lifetimePurchased": 9999,
    "bannedAt": None,
}


@pytest.mark.parametrize(("name", "value"), SMUGGLED.items())
def test_nothing_is_smuggled_in_with_a_sign_up(client: TestClient, name: str, value: object) -> None:
    body = {"email": "carol@example.com", "password": PASSWORD, "name": "Carol", name: value}
    answer = client.post(paths.API_SIGN_UP, json=body)
    assert answer.status_code == 422
    assert count(User) == 0


@pytest.mark.parametrize(("name", "value"), SMUGGLED.items())
def test_nothing_is_smuggled_in_with_a_profile(
    alice: Viewer, alice_client: TestClient, name: str, value: object
) -> None:
    answer = alice_client.patch(paths.API_PROFILE, json={"name": "Alice the Great", name: value})
    assert answer.status_code == 422
    with reading() as session:
        user = session.get_one(User, alice.id)
        assert (user.name, user.role, user.email_verified_at, user.banned_at) == ("Alice", "user", None, None)
    assert factories.balance_of(alice).balance == 100
    assert factories.books_are_right()


@pytest.mark.parametrize(("hops", "seen"), [(0, "testclient"), (1, "203.0.113.7"), (2, "198.51.100.2")])
def test_the_address_of_a_session_is_what_trusted_proxies_saw(
    alice: Viewer, client: TestClient, monkeypatch: pytest.MonkeyPatch, hops: int, seen: str
) -> None:
    monkeypatch.setattr(get_settings(), "trusted_proxy_hops", hops)
    headers = {"X-Forwarded-For": "10.9.9.9, 198.51.100.2, 203.0.113.7", "X-Real-IP": "10.9.9.9"}
    body = {"email": alice.email, "password": PASSWORD}
    client.post(paths.API_SIGN_IN, json=body, headers=headers | {"Forwarded": "for=10.9.9.9"})
    with reading() as session:
        assert session.exec(select(UserSession.ip)).all() == [seen]
