from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from funmagic import paths
from funmagic.accounts.tokens import LIFETIMES
from funmagic.core.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.users import Account, OneTimeToken, TokenPurpose, User, UserSession
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.funmagic.accounts.links_mailed import mailed_token
from tests.mailbox import Mailbox

pytestmark = pytest.mark.both_databases

NEW = "another good password"


def forget(client: TestClient, email: str = "alice@example.com") -> Response:
    return client.post(paths.API_FORGOT_PASSWORD, json={"email": email})


def reset(client: TestClient, token: str, password: str = NEW) -> Response:
    return client.post(paths.API_RESET_PASSWORD, json={"token": token, "password": password})


def sign_in(client: TestClient, password: str) -> int:
    return client.post(paths.API_SIGN_IN, json={"email": "alice@example.com", "password": password}).status_code


def test_a_new_password_replaces_the_old_and_every_session(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    factories.prove(alice)
    factories.session_token(alice)
    assert forget(client, " ALICE@example.com").status_code == 202
    answer = reset(client, mailed_token(mailbox.newest(alice.email)))
    assert answer.json()["user"]["id"] == alice.id
    with reading() as session:
        assert len(session.exec(select(UserSession)).all()) == 1
    assert client.get("/api/credits/balance").status_code == 200
    assert [sign_in(client, password) for password in (PASSWORD, NEW)] == [401, 200]


def test_a_link_sets_one_password(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    forget(client)
    token = mailed_token(mailbox.newest())
    assert reset(client, token).status_code == 200
    assert reset(client, token, "yet another password").json()["error"]["code"] == "LINK_EXPIRED"
    assert sign_in(client, NEW) == 200


def test_of_many_at_once_one_sets_the_password(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    forget(client)
    token = mailed_token(mailbox.newest())
    answers = factories.run_together(4, lambda: reset(client, token))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    with reading() as session:
        assert len(session.exec(select(Account)).all()) == 1


@pytest.mark.parametrize(("password", "code"), [("password1", "WEAK_PASSWORD"), ("short", "VALIDATION_ERROR")])
def test_a_password_that_is_refused_leaves_the_link_good(
    alice: Viewer, client: TestClient, mailbox: Mailbox, password: str, code: str
) -> None:
    forget(client)
    token = mailed_token(mailbox.newest())
    assert reset(client, token, password).json()["error"]["code"] == code
    assert reset(client, token).status_code == 200


def test_a_link_is_good_for_half_an_hour(alice: Viewer, client: TestClient, mailbox: Mailbox) -> None:
    assert LIFETIMES[TokenPurpose.RESET_PASSWORD] == timedelta(minutes=30)
    forget(client)
    with transaction() as session:
        session.execute(sa.update(OneTimeToken).values(expires_at=utcnow()))
    assert reset(client, mailed_token(mailbox.newest())).json()["error"]["code"] == "LINK_EXPIRED"
    assert sign_in(client, PASSWORD) == 200


def test_who_has_no_account_is_mailed_so_and_gets_no_link_that_works(client: TestClient, mailbox: Mailbox) -> None:
    assert forget(client, "nobody@example.com").status_code == 202
    message = mailbox.newest("nobody@example.com")
    assert "token=" not in message["text"] + message["html"]


@pytest.mark.parametrize("change", ["banned_at", "deleted_at"])
def test_who_is_shut_out_cannot_come_in_by_a_new_password(
    alice: Viewer, client: TestClient, mailbox: Mailbox, change: str
) -> None:
    forget(client)
    with transaction() as session:
        setattr(session.get_one(User, alice.id), change, utcnow())
    assert reset(client, mailed_token(mailbox.newest())).json()["error"]["code"] == "LINK_EXPIRED"


def test_a_link_to_an_email_that_is_no_longer_theirs_changes_nothing(
    alice: Viewer, client: TestClient, mailbox: Mailbox
) -> None:
    forget(client)
    with transaction() as session:
        session.get_one(User, alice.id).email = "alice@elsewhere.example"
    assert reset(client, mailed_token(mailbox.newest())).json()["error"]["code"] == "LINK_EXPIRED"


def test_a_reset_gives_a_password_to_who_had_none(client: TestClient, mailbox: Mailbox) -> None:
    client.post(paths.API_MAGIC_LINK, json={"email": "alice@example.com"})
    client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": mailed_token(mailbox.newest())}, follow_redirects=False)
    forget(client)
    assert reset(client, mailed_token(mailbox.newest())).status_code == 200
    assert sign_in(client, NEW) == 200
