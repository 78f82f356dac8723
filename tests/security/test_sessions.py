"""The session through its life: it is new at every way in, and whatever ends it ends it everywhere, at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from funmagic import paths
from funmagic.accounts import roles, service
from funmagic.core.db import transaction
from funmagic.core.errors import Forbidden, SignInRequired
from funmagic.core.settings import get_settings
from funmagic.models.users import Role, User
from funmagic.sessions.service import COOKIE_NAME, close_sessions
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.mailbox import Mailbox, link_in
from tests.security.handlers import hurried, says
from tests.security.tab import Tab, open_tab

NEW_PASSWORD = "another good password"
THEIRS = "chosen-by-an-attacker-0123456789abcdefghijkl"
Way = Callable[[TestClient, Mailbox], Response]


def by_password(client: TestClient, mailbox: Mailbox) -> Response:
    return client.post(paths.API_SIGN_IN, json={"email": "alice@example.com", "password": PASSWORD})


def by_sign_up(client: TestClient, mailbox: Mailbox) -> Response:
    return client.post(paths.API_SIGN_UP, json={"email": "new@example.com", "password": PASSWORD, "name": "New"})


def by_magic_link(client: TestClient, mailbox: Mailbox) -> Response:
    client.post(paths.API_MAGIC_LINK, json={"email": "alice@example.com"})
    return client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": mailed_token(mailbox)}, follow_redirects=False)


def by_verification(client: TestClient, mailbox: Mailbox) -> Response:
    with transaction() as session:
        user = session.exec(select(User).where(User.email == "alice@example.com")).one()
        service.send_verification(session, user)
    return client.post(paths.API_VERIFY_EMAIL, json={"token": mailed_token(mailbox)})


def by_reset(client: TestClient, mailbox: Mailbox) -> Response:
    client.post(paths.API_FORGOT_PASSWORD, json={"email": "alice@example.com"})
    body = {"token": mailed_token(mailbox), "password": NEW_PASSWORD}
    return client.post(paths.API_RESET_PASSWORD, json=body)


WAYS = [by_password, by_sign_up, by_magic_link, by_verification, by_reset]


def mailed_token(mailbox: Mailbox) -> str:
    return parse_qs(urlsplit(link_in(mailbox.newest())).query)["token"][0]


def who(client: TestClient, token: str) -> Any:
    headers = {"Cookie": f"{COOKIE_NAME}={token}"}
    client.cookies.clear()
    return client.get(paths.API_SESSION, headers=headers).json()["user"]


def cookies_set(answer: Response) -> list[str]:
    return [value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{COOKIE_NAME}=")]


@pytest.mark.parametrize("way", WAYS)
def test_a_cookie_that_an_attacker_set_never_becomes_good(
    way: Way, alice: Viewer, client: TestClient, mailbox: Mailbox
) -> None:
    client.cookies.set(COOKIE_NAME, THEIRS, domain="localhost.local")
    [cookie] = cookies_set(way(client, mailbox))
    assert THEIRS not in cookie
    assert who(client, THEIRS) is None


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_gives_a_new_token_and_ends_the_one_before(
    way: Way, alice: Viewer, alice_client: TestClient, mailbox: Mailbox
) -> None:
    before = alice_client.cookies[COOKIE_NAME]
    if way is by_verification:  # whoever is signed in already stays so, and is told nothing new
        assert cookies_set(way(alice_client, mailbox)) == []
        return
    [cookie] = cookies_set(way(alice_client, mailbox))
    after = cookie.partition("=")[2].partition(";")[0]
    assert after != before
    assert who(alice_client, before) is None
    assert who(alice_client, after) is not None


@pytest.fixture(params=["http://localhost:3999", "https://magic.example"])
def address(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the world knows the product."""
    monkeypatch.setattr(get_settings(), "public_url", request.param)
    return str(request.param)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_sets_a_cookie_that_nobody_else_gets(
    way: Way, address: str, alice: Viewer, client: TestClient, mailbox: Mailbox
) -> None:
    [cookie] = cookies_set(way(client, mailbox))
    flags = {part.strip().lower().partition("=")[0] for part in cookie.split(";")[1:]}
    assert {"httponly", "path", "samesite", "max-age"} <= flags
    assert "samesite=lax" in cookie.lower()
    assert ("secure" in flags) is address.startswith("https")
    # With a domain it would go to every name below ours.
    assert "domain" not in flags


def test_signing_out_takes_the_cookie_away_as_it_was_set(alice_client: TestClient) -> None:
    [cookie] = cookies_set(alice_client.post(paths.API_SIGN_OUT))
    assert "path=/" in cookie.lower()
    assert "max-age=0" in cookie.lower()


def ban(alice: Viewer) -> None:
    with transaction() as session:
        roles.ban_user(session, session.get_one(User, alice.id))


def sign_out_everywhere(alice: Viewer) -> None:
    with transaction() as session:
        close_sessions(session, alice.id)


def reset(alice: Viewer) -> None:
    mailbox = Mailbox()
    with transaction() as session:
        service.request_password_reset(session, alice.email)
    service.reset_password(mailed_token(mailbox), NEW_PASSWORD)


@pytest.fixture
def tab(web: str, alice: Viewer, redis: None) -> Iterator[Tab]:
    """Alice's tab, which has been used."""
    with open_tab(web, factories.session_token(alice)) as tab:
        assert not is_refused(tab)
        yield tab


def is_refused(tab: Tab, sentence: str = SignInRequired.text, handler: str = "guarded") -> bool:
    """Whether the next event is refused; both answers are waited for."""
    word = factories.new_id()
    tab.send(hurried(handler).event, {"word": word} if handler == "guarded" else {})
    said = tab.read_until(lambda update: says(sentence, update) or word in str(update.get("delta")))
    return says(sentence, said[-1])


@pytest.mark.parametrize("end", [ban, sign_out_everywhere, reset])
def test_what_ends_sessions_ends_them_on_an_open_websocket_at_the_next_event(
    end: Callable[[Viewer], None], alice: Viewer, tab: Tab
) -> None:
    end(alice)
    assert is_refused(tab)


@pytest.mark.parametrize("end", [ban, sign_out_everywhere, reset])
def test_what_ends_sessions_ends_them_at_the_next_request(
    end: Callable[[Viewer], None], alice: Viewer, alice_client: TestClient
) -> None:
    assert alice_client.get("/api/credits/balance").status_code == 200
    end(alice)
    assert alice_client.get("/api/credits/balance").status_code == 401


def test_a_reset_over_http_ends_an_open_websocket_and_lets_the_resetter_in(
    alice: Viewer, tab: Tab, client: TestClient, mailbox: Mailbox
) -> None:
    assert by_reset(client, mailbox).status_code == 200
    assert is_refused(tab)
    assert client.get("/api/credits/balance").status_code == 200


def test_signing_out_in_one_tab_ends_the_others_of_this_browser(web: str, alice_client: TestClient) -> None:
    with open_tab(web, alice_client.cookies[COOKIE_NAME]) as tab:
        assert not is_refused(tab)
        alice_client.post(paths.API_SIGN_OUT)
        assert is_refused(tab)


def test_a_role_that_is_taken_away_is_gone_at_the_next_event(web: str, db: None, redis: None) -> None:
    ann = factories.make_user("ann", Role.ADMIN)
    with open_tab(web, factories.session_token(ann)) as tab:
        tab.send(hurried("guarded_for_admins").event)
        assert not any(says(Forbidden.text, update) for update in [*tab.read_to_mark(), *tab.read_to_mark()])
        with transaction() as session:
            roles.change_role(session, session.get_one(User, ann.id), Role.USER)
        assert is_refused(tab, Forbidden.text, "guarded_for_admins")


def test_a_role_that_is_given_works_at_the_next_request(alice: Viewer, alice_client: TestClient) -> None:
    assert alice_client.get("/api/admin/settings").status_code == 403
    for role, status in ((Role.ADMIN, 403), (Role.SUPER_ADMIN, 200), (Role.USER, 403)):
        with transaction() as session:
            roles.change_role(session, session.get_one(User, alice.id), role)
        assert alice_client.get("/api/admin/settings").status_code == status


FIRST_PROOFS = [by_magic_link, by_verification, by_reset]


@pytest.mark.parametrize("prove", FIRST_PROOFS)
def test_who_took_an_email_before_its_owner_is_out_once_the_owner_comes(
    prove: Way, web: str, alice: Viewer, client: TestClient, mailbox: Mailbox
) -> None:
    """Here Alice's account was made by somebody else, who knows its password and is signed in."""
    squatters = factories.session_token(alice)
    with ExitStack() as stack:
        tab = stack.enter_context(open_tab(web, squatters))
        assert not is_refused(tab)
        assert prove(client, mailbox).status_code in (200, 303)
        assert client.get("/api/credits/balance").status_code == 200
        assert is_refused(tab)
    assert who(client, squatters) is None
    assert by_password(client, mailbox).status_code == 401


def test_who_signed_up_and_proves_the_email_in_the_same_browser_keeps_everything(
    client: TestClient, mailbox: Mailbox
) -> None:
    body = {"email": "new@example.com", "password": PASSWORD, "name": "New", "browserKey": "k" * 43}
    client.post(paths.API_SIGN_UP, json=body)
    client.post(paths.API_SIGN_OUT)
    proof = {"token": mailed_token(mailbox), "browserKey": "k" * 43}
    assert client.post(paths.API_VERIFY_EMAIL, json=proof).json()["user"]["isVerified"] is True
    credentials = {"email": "new@example.com", "password": PASSWORD}
    assert client.post(paths.API_SIGN_IN, json=credentials).status_code == 200


@pytest.mark.parametrize("key", ["", "another", "k" * 42])
def test_another_browsers_key_does_not_keep_what_was_set_up(client: TestClient, mailbox: Mailbox, key: str) -> None:
    body = {"email": "new@example.com", "password": PASSWORD, "name": "New", "browserKey": "k" * 43}
    client.post(paths.API_SIGN_UP, json=body)
    client.cookies.clear()
    client.post(paths.API_VERIFY_EMAIL, json={"token": mailed_token(mailbox), "browserKey": key})
    credentials = {"email": "new@example.com", "password": PASSWORD}
    assert client.post(paths.API_SIGN_IN, json=credentials).status_code == 401


def test_once_proved_a_later_proof_takes_nothing_away(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    factories.prove(alice)
    token = factories.session_token(alice)
    by_magic_link(client, mailbox)
    assert who(client, token)["id"] == alice.id
    assert by_password(client, mailbox).status_code == 200
