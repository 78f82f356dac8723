from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from funmagic.accounts.users import prove_email
from funmagic.core.db import reading, transaction
from funmagic.core.errors import NotFound
from funmagic.core.settings import get_settings
from funmagic.models.users import User
from funmagic.oauth.connections import Connection, link, list_connections, owner_of, unlink
from funmagic.oauth.errors import AlreadyLinked, LastWayIn
from funmagic.sessions.viewer import Viewer
from tests.factories import run_together

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def _google_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "google_client_id", "app")
    monkeypatch.setattr(get_settings(), "google_client_secret", SecretStr("secret"))


def connect(viewer: Viewer, provider: str, account_id: str = "1") -> None:
    with transaction() as session:
        link(session, session.get_one(User, viewer.id), provider, account_id)


def disconnect(viewer: Viewer, provider: str) -> None:
    with transaction() as session:
        unlink(session, viewer, provider)


def prove(viewer: Viewer) -> None:
    with transaction() as session:
        prove_email(session, session.get_one(User, viewer.id), keeps_access=True)


def listed(viewer: Viewer) -> list[Connection]:
    with reading() as session:
        return list_connections(session, viewer)


def test_what_is_configured_or_connected_is_listed(alice: Viewer) -> None:
    assert listed(alice) == [Connection("google", "Google", is_linked=False, can_unlink=False)]
    connect(alice, "facebook")
    assert listed(alice)[1:] == [Connection("facebook", "Facebook", is_linked=True, can_unlink=True)]


def test_with_a_proven_email_every_way_can_go(alice: Viewer) -> None:
    prove(alice)
    connect(alice, "google")
    for provider in ("google", "credential"):
        disconnect(alice, provider)
    assert [connection.is_linked for connection in listed(alice)] == [False]


def test_without_a_proven_email_one_way_stays(alice: Viewer) -> None:
    connect(alice, "google")
    disconnect(alice, "credential")
    assert listed(alice) == [Connection("google", "Google", is_linked=True, can_unlink=False)]
    with pytest.raises(LastWayIn):
        disconnect(alice, "google")


def test_two_ways_taken_away_at_once_leave_one(alice: Viewer) -> None:
    connect(alice, "google")
    providers: Iterator[str] = iter(["google", "credential"])
    results = run_together(2, lambda: disconnect(alice, next(providers)))
    assert sorted(type(result).__name__ for result in results) == ["LastWayIn", "NoneType"]


def test_what_is_not_connected_cannot_be_taken_away(alice: Viewer) -> None:
    for provider in ("google", "nobody"):
        with pytest.raises(NotFound):
            disconnect(alice, provider)


def test_one_account_at_a_provider_opens_one_account_here(alice: Viewer, bob: Viewer) -> None:
    connect(alice, "google")
    connect(alice, "google")
    with pytest.raises(AlreadyLinked):
        connect(bob, "google")
    with reading() as session:
        owner = owner_of(session, "google", "1")
    assert owner
    assert owner.id == alice.id


def test_of_many_who_connect_one_account_at_once_one_has_it(alice: Viewer, bob: Viewer) -> None:
    viewers = iter([alice, bob] * 3)
    results = run_together(6, lambda: connect(next(viewers), "google"))
    assert sum(isinstance(result, AlreadyLinked) for result in results) == 3
    assert [result for result in results if result and not isinstance(result, AlreadyLinked)] == []
