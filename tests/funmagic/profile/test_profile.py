from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.accounts.users import drop_password
from funmagic.core.db import reading, transaction
from funmagic.models.users import Account, User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.both_databases

NEW = "purple monkey dishwasher"


def profile_of(client: TestClient) -> dict[str, Any]:
    return client.get("/api/profile").json()["profile"]


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def can_sign_in(client: TestClient, password: str) -> bool:
    body = {"email": "alice@example.com", "password": password}
    return client.post("/api/auth/sign-in", json=body).status_code == 200


def another_browser(client: TestClient, viewer: Viewer) -> TestClient:
    return factories.sign_in(TestClient(client.app, base_url="http://localhost:3999"), viewer)


def is_signed_in(client: TestClient) -> bool:
    return client.get("/api/auth/session").json()["user"] is not None


def test_a_profile_says_what_its_owner_set(alice_client: TestClient) -> None:
    profile = profile_of(alice_client)
    assert profile.pop("createdAt").endswith("Z")
    assert profile == {
        "name": "Alice",
        "email": "alice@example.com",
        "pendingEmail": "",
        "isVerified": False,
        "avatarUrl": "",
        "hasPassword": True,
        "theme": "system",
        "accent": "rose",
        "locale": "en",
    }


def test_a_new_name_shows_everywhere_at_once(alice_client: TestClient) -> None:
    alice_client.get("/api/auth/session")
    answer = alice_client.patch("/api/profile", json={"name": "  Alice   of Wonderland "})
    assert answer.json()["profile"]["name"] == "Alice of Wonderland"
    assert alice_client.get("/api/auth/session").json()["user"]["name"] == "Alice of Wonderland"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b", "a\x1bb"])
def test_a_name_that_is_none_is_refused(alice_client: TestClient, name: str) -> None:
    assert alice_client.patch("/api/profile", json={"name": name}).status_code in (400, 422)
    assert profile_of(alice_client)["name"] == "Alice"


def test_preferences_are_kept_one_by_one(alice_client: TestClient) -> None:
    alice_client.patch("/api/profile", json={"theme": "dark", "accent": "teal"})
    alice_client.patch("/api/profile", json={"theme": "light"})
    profile = profile_of(alice_client)
    assert (profile["theme"], profile["accent"], profile["locale"]) == ("light", "teal", "en")


@pytest.mark.parametrize("change", [{"theme": "pink"}, {"accent": "#fff"}, {"locale": "tlh"}, {"theme": ""}])
def test_what_there_is_not_to_choose_is_refused_and_changes_nothing(
    alice_client: TestClient, change: dict[str, str]
) -> None:
    answer = alice_client.patch("/api/profile", json={"name": "Mallory"} | change)
    assert error_of(answer) == (400, "INVALID_INPUT")
    assert profile_of(alice_client)["name"] == "Alice"


@pytest.mark.parametrize(
    "smuggled",
    [{"role": "super_admin"}, {"credits": 1000}, {"email": "x@example.com"}, {"isVerified": True}, {"userId": "x"}],
)
def test_nothing_else_is_smuggled_into_a_profile(alice_client: TestClient, smuggled: dict[str, Any]) -> None:
    assert error_of(alice_client.patch("/api/profile", json={"name": "Al"} | smuggled)) == (422, "VALIDATION_ERROR")
    with reading() as session:
        user = session.exec(select(User)).one()
    assert (user.name, user.role, user.email) == ("Alice", "user", "alice@example.com")


def test_a_password_changes_for_whoever_knows_it_and_ends_other_sessions(
    alice: Viewer, alice_client: TestClient
) -> None:
    other = another_browser(alice_client, alice)
    answer = alice_client.put("/api/profile/password", json={"current": PASSWORD, "new": NEW})
    assert answer.status_code == 204
    assert (is_signed_in(alice_client), is_signed_in(other)) == (True, False)
    assert not can_sign_in(other, PASSWORD)
    assert can_sign_in(other, NEW)


@pytest.mark.parametrize("current", [None, "", "a guess at it", "x" * 200])
def test_a_password_stays_for_whoever_does_not_know_it(
    alice: Viewer, alice_client: TestClient, current: str | None
) -> None:
    other = another_browser(alice_client, alice)
    answer = alice_client.put("/api/profile/password", json={"current": current, "new": NEW})
    assert error_of(answer) == (400, "WRONG_PASSWORD")
    assert is_signed_in(other)
    assert can_sign_in(other, PASSWORD)


@pytest.mark.parametrize(("new", "code"), [("password1", "WEAK_PASSWORD"), ("short", "VALIDATION_ERROR")])
def test_a_bad_password_is_refused(alice_client: TestClient, new: str, code: str) -> None:
    answer = alice_client.put("/api/profile/password", json={"current": PASSWORD, "new": new})
    assert answer.json()["error"]["code"] == code


def test_whoever_has_no_password_sets_one(alice: Viewer, alice_client: TestClient) -> None:
    with transaction() as session:
        drop_password(session, alice.id)
    assert profile_of(alice_client)["hasPassword"] is False
    assert alice_client.put("/api/profile/password", json={"new": NEW}).status_code == 204
    assert profile_of(alice_client)["hasPassword"] is True


def test_of_many_changes_of_a_password_at_once_one_wins(alice: Viewer, alice_client: TestClient) -> None:
    numbers = iter(range(5))

    def change() -> int:
        body = {"current": PASSWORD, "new": f"{NEW} {next(numbers)}"}
        return alice_client.put("/api/profile/password", json=body).status_code

    assert sorted(factories.run_together(5, change)) == [204, 400, 400, 400, 400]
    with reading() as session:
        assert len(session.exec(select(Account)).all()) == 1


def test_an_older_reset_link_dies_with_a_changed_password(alice_client: TestClient, mailbox: Any) -> None:
    alice_client.post("/api/auth/forgot-password", json={"email": "alice@example.com"})
    token = mailbox.newest("alice@example.com")["text"].split("token=")[1].split()[0]
    alice_client.put("/api/profile/password", json={"current": PASSWORD, "new": NEW})
    answer = alice_client.post("/api/auth/reset-password", json={"token": token, "password": "stolen mailbox 1"})
    assert error_of(answer) == (400, "LINK_EXPIRED")
