from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.accounts.email_change import peek_email_change, request_email_change
from funmagic.accounts.roles import ban_user
from funmagic.accounts.users import prove_email
from funmagic.core.db import reading, transaction
from funmagic.core.errors import SignInRequired
from funmagic.core.settings import get_settings
from funmagic.models.base import utcnow
from funmagic.models.users import OneTimeToken, User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.mailbox import Mailbox, link_in

pytestmark = pytest.mark.both_databases

OLD, NEW = "alice@example.com", "alice@elsewhere.example"


def another_browser(client: TestClient, viewer: Viewer | None = None) -> TestClient:
    browser = TestClient(client.app, base_url="http://localhost:3999")
    return factories.sign_in(browser, viewer) if viewer else browser


def request_change(client: TestClient, email: str = NEW) -> Any:
    return client.post("/api/profile/email", json={"email": email})


def token_for(mailbox: Mailbox, address: str) -> str:
    link = link_in(mailbox.newest(address))
    assert link.startswith("http://localhost:3999/profile/email?token=")
    return link.partition("token=")[2]


def agree(client: TestClient, token: str) -> Any:
    return client.post("/api/profile/email/confirm", json={"token": token})


def code_of(answer: Any) -> str:
    return answer.json()["error"]["code"]


def email_of(viewer: Viewer) -> str:
    with reading() as session:
        return session.get_one(User, viewer.id).email


def is_signed_in(client: TestClient) -> bool:
    return client.get("/api/auth/session").json()["user"] is not None


@pytest.fixture
def links(alice_client: TestClient, mailbox: Mailbox) -> dict[str, str]:
    """The two links that were mailed when Alice asked for the new email."""
    assert request_change(alice_client).status_code == 202
    return {address: token_for(mailbox, address) for address in (OLD, NEW)}


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_an_email_changes_once_both_addresses_agreed(
    alice: Viewer, alice_client: TestClient, links: dict[str, str], order: tuple[str, str]
) -> None:
    first, second = order
    assert alice_client.get("/api/profile").json()["profile"]["pendingEmail"] == NEW
    waiting = agree(alice_client, links[first]).json()
    assert waiting == {"oldEmail": OLD, "newEmail": NEW, "waitsFor": second, "isDone": False}
    assert email_of(alice) == OLD
    done = agree(alice_client, links[second]).json()
    assert done == {"oldEmail": OLD, "newEmail": NEW, "waitsFor": "", "isDone": True}
    profile = alice_client.get("/api/profile").json()["profile"]
    assert (profile["email"], profile["pendingEmail"], profile["isVerified"]) == (NEW, "", True)
    assert alice_client.get("/api/auth/session").json()["user"]["email"] == NEW


def test_after_the_change_others_are_signed_out_and_the_old_address_is_told(
    alice: Viewer, alice_client: TestClient, links: dict[str, str], mailbox: Mailbox
) -> None:
    other = another_browser(alice_client, alice)
    assert is_signed_in(other)
    for token in links.values():
        agree(alice_client, token)
    assert (is_signed_in(alice_client), is_signed_in(other)) == (True, False)
    told = mailbox.newest(OLD)
    assert "changed" in told["subject"]
    assert NEW in told["text"]
    for email, status in ((OLD, 401), (NEW, 200)):
        assert other.post("/api/auth/sign-in", json={"email": email, "password": PASSWORD}).status_code == status


def test_looking_at_a_link_uses_nothing_up(alice_client: TestClient, links: dict[str, str]) -> None:
    for token in (*links.values(), *links.values()):
        with reading() as session:
            change = peek_email_change(session, token)
        assert (change.old_email, change.new_email, change.is_done) == (OLD, NEW, False)
    assert agree(alice_client, links[OLD]).status_code == 200


def test_a_link_works_once_and_only_the_newest_pair_does(alice_client: TestClient, mailbox: Mailbox) -> None:
    request_change(alice_client)
    earlier = [token_for(mailbox, address) for address in (OLD, NEW)]
    request_change(alice_client, "third@elsewhere.example")
    for token in (*earlier, "nonsense", ""):
        assert code_of(agree(alice_client, token)) == "LINK_EXPIRED"
    newest = token_for(mailbox, OLD)
    assert agree(alice_client, newest).status_code == 200
    assert code_of(agree(alice_client, newest)) == "LINK_EXPIRED"


def test_links_that_are_too_old_change_nothing(alice: Viewer, alice_client: TestClient, links: dict[str, str]) -> None:
    agree(alice_client, links[OLD])
    with transaction() as session:
        session.execute(sa.update(OneTimeToken).values(expires_at=utcnow()))
    assert code_of(agree(alice_client, links[NEW])) == "LINK_EXPIRED"
    assert email_of(alice) == OLD
    assert alice_client.get("/api/profile").json()["profile"]["pendingEmail"] == ""


def test_a_link_for_something_else_changes_no_email(alice_client: TestClient, mailbox: Mailbox) -> None:
    request_change(alice_client)
    alice_client.post("/api/auth/forgot-password", json={"email": OLD})
    reset = link_in(mailbox.newest(OLD)).partition("token=")[2]
    assert code_of(agree(alice_client, reset)) == "LINK_EXPIRED"
    leave = [mail for mail in mailbox.messages(OLD) if "/profile/email" in mail["text"]]
    stolen = {"token": link_in(leave[0]).partition("token=")[2], "password": "another long one"}
    assert code_of(alice_client.post("/api/auth/reset-password", json=stolen)) == "LINK_EXPIRED"


def test_a_proved_old_address_agrees_in_any_browser_but_the_new_one_where_its_account_is_signed_in(
    alice: Viewer, bob: Viewer, alice_client: TestClient, links: dict[str, str]
) -> None:
    factories.prove(alice)
    stranger, bobs = another_browser(alice_client), another_browser(alice_client, bob)
    for browser in (stranger, bobs):
        answer = agree(browser, links[NEW])
        assert (answer.status_code, code_of(answer)) == (401, "UNAUTHORIZED")
    assert agree(stranger, links[OLD]).status_code == 200
    assert email_of(alice) == OLD


def test_a_taken_email_is_asked_like_a_free_one_and_refused_to_its_owner_alone(
    alice: Viewer, bob: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    free = request_change(alice_client, "nobody@example.com")
    leave_for_free = mailbox.newest(OLD)["text"].replace("nobody@", "bob@")
    taken = request_change(alice_client, "bob@example.com")
    assert (free.status_code, free.content) == (taken.status_code, taken.content) == (202, b"")
    leave_for_taken = mailbox.newest(OLD)["text"]
    assert leave_for_taken.partition("token=")[0] == leave_for_free.partition("token=")[0]
    assert agree(alice_client, token_for(mailbox, OLD)).json()["waitsFor"] == "bob@example.com"
    answer = agree(alice_client, token_for(mailbox, "bob@example.com"))
    assert (answer.status_code, code_of(answer)) == (409, "EMAIL_TAKEN")
    assert email_of(alice) == OLD


def test_an_email_that_somebody_else_took_meanwhile_is_refused(
    alice: Viewer, alice_client: TestClient, links: dict[str, str]
) -> None:
    agree(alice_client, links[NEW])
    body = {"email": NEW, "password": PASSWORD, "name": "Faster"}
    assert another_browser(alice_client).post("/api/auth/sign-up", json=body).status_code == 201
    answer = agree(alice_client, links[OLD])
    assert (answer.status_code, code_of(answer)) == (409, "EMAIL_TAKEN")
    assert email_of(alice) == OLD
    assert is_signed_in(alice_client)


@pytest.mark.parametrize(
    "email", [OLD, " ALICE@Example.com ", "nonsense", "a@b", "http://evil.example/x@y.example", "a b@c.example"]
)
def test_what_is_no_other_email_is_refused(alice_client: TestClient, mailbox: Mailbox, email: str) -> None:
    assert request_change(alice_client, email).status_code in (400, 422)
    assert mailbox.messages() == []


def test_two_people_may_want_the_same_email_and_one_gets_it(
    alice: Viewer, bob: Viewer, alice_client: TestClient, bob_client: TestClient, mailbox: Mailbox
) -> None:
    request_change(alice_client)
    hers = token_for(mailbox, NEW)
    request_change(bob_client)
    his = token_for(mailbox, NEW)
    for client, address, token in ((alice_client, OLD, hers), (bob_client, "bob@example.com", his)):
        agree(client, token_for(mailbox, address))
        agree(client, token)
    assert (email_of(alice), email_of(bob)) == (NEW, "bob@example.com")


@pytest.mark.parametrize("attempt", range(3))
def test_both_addresses_agreeing_at_the_same_moment_change_the_email(
    alice: Viewer, alice_client: TestClient, links: dict[str, str], attempt: int
) -> None:
    tokens = iter(links.values())
    answers = factories.run_together(2, lambda: agree(alice_client, next(tokens)).json()["isDone"])
    assert sorted(answers) == [False, True]
    assert email_of(alice) == NEW


def test_many_uses_of_one_link_agree_once(alice: Viewer, alice_client: TestClient, links: dict[str, str]) -> None:
    codes = factories.run_together(10, lambda: agree(alice_client, links[OLD]).status_code)
    assert sorted(codes) == [200, *[400] * 9]


def test_a_banned_users_links_are_dead(alice: Viewer, alice_client: TestClient, links: dict[str, str]) -> None:
    with transaction() as session:
        ban_user(session, session.get_one(User, alice.id))
    for token in links.values():
        assert code_of(agree(alice_client, token)) in ("LINK_EXPIRED", "UNAUTHORIZED")
    assert email_of(alice) == OLD


@pytest.mark.parametrize("verifies", [True, False])
def test_a_change_of_email_gives_the_welcome_credits_once(
    client: TestClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, *, verifies: bool
) -> None:
    monkeypatch.setattr(get_settings(), "require_email_verification", verifies)
    alice = factories.make_user("alice")
    browser = factories.sign_in(client, alice)
    request_change(browser)
    for address in (OLD, NEW):
        assert agree(browser, token_for(mailbox, address)).status_code == 200
    assert factories.balance_of(alice).available == 100
    assert factories.books_are_right()


def test_an_old_address_that_was_never_proved_agrees_where_its_account_is_signed_in(
    alice: Viewer, alice_client: TestClient, links: dict[str, str]
) -> None:
    agree(alice_client, links[NEW])
    answer = agree(another_browser(alice_client), links[OLD])
    assert (answer.status_code, code_of(answer)) == (401, "UNAUTHORIZED")
    assert email_of(alice) == OLD
    assert agree(alice_client, links[OLD]).json()["isDone"]


@pytest.mark.parametrize("agreed", [[], [NEW]])
def test_whoever_proves_an_email_ends_the_change_that_somebody_else_asked_for(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox, links: dict[str, str], agreed: list[str]
) -> None:
    for address in agreed:
        assert agree(alice_client, links[address]).status_code == 200
    owner = another_browser(alice_client)
    owner.post("/api/auth/magic-link", json={"email": OLD, "next": "/tools"})
    owner.post("/api/auth/magic-link/verify", json={"token": link_in(mailbox.newest(OLD)).partition("token=")[2]})
    assert not is_signed_in(alice_client)
    assert owner.get("/api/profile").json()["profile"]["pendingEmail"] == ""
    for browser in (owner, alice_client):
        for token in links.values():
            assert code_of(agree(browser, token)) == "LINK_EXPIRED"
    assert email_of(alice) == OLD


@pytest.mark.parametrize("recover", ["reset", "change"])
def test_a_new_password_ends_a_change_of_email_that_somebody_else_asked_for(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox, links: dict[str, str], recover: str
) -> None:
    factories.prove(alice)
    agree(alice_client, links[NEW])
    owner = another_browser(alice_client, alice)
    if recover == "reset":
        owner.post("/api/auth/forgot-password", json={"email": OLD})
        token = link_in(mailbox.newest(OLD)).partition("token=")[2]
        owner.post("/api/auth/reset-password", json={"token": token, "password": "another long one"})
    else:
        owner.put("/api/profile/password", json={"current": PASSWORD, "new": "another long one"})
    assert code_of(agree(owner, links[OLD])) == "LINK_EXPIRED"
    assert email_of(alice) == OLD


def test_nobody_asks_for_another_email_with_a_session_that_has_just_ended(alice: Viewer, mailbox: Mailbox) -> None:
    token = factories.session_token(alice)
    with transaction() as session:
        prove_email(session, session.get_one(User, alice.id))
    with pytest.raises(SignInRequired):
        request_email_change(alice, NEW, session_token=token)
    assert mailbox.messages(NEW) == []


def test_a_proven_account_keeps_its_password_through_a_change(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    with transaction() as session:
        prove_email(session, session.get_one(User, alice.id), keeps_access=True)
    request_change(alice_client)
    agree(alice_client, token_for(mailbox, NEW))
    agree(another_browser(alice_client), token_for(mailbox, OLD))
    assert email_of(alice) == NEW
    assert not is_signed_in(alice_client)
    body = {"email": NEW, "password": PASSWORD}
    assert another_browser(alice_client).post("/api/auth/sign-in", json=body).status_code == 200


def test_a_mail_that_would_be_dropped_leaves_the_earlier_links_good(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    for _ in range(4):
        assert request_change(alice_client).status_code == 202
    for address in (OLD, NEW):
        assert agree(alice_client, token_for(mailbox, address)).status_code == 200
    with reading() as session:
        assert session.exec(select(User.email)).one() == NEW
