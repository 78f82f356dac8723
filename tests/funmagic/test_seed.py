import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.settings import get_settings
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool, ToolType
from funmagic.models.users import User
from funmagic.seed import seed

pytestmark = pytest.mark.both_databases


def counts() -> list[int]:
    with reading() as session:
        return [len(session.exec(select(table)).all()) for table in (Provider, ToolType, Tool, User)]


def test_seeding_makes_a_super_admin_who_can_sign_in(client: TestClient) -> None:
    made = seed()
    assert made is not None
    email, password = made
    assert len(password) >= 12
    answer = client.post("/api/auth/sign-in", json={"email": email, "password": password})
    assert answer.status_code == 200
    assert answer.json()["user"]["role"] == "super_admin"


def test_seeding_again_makes_nothing_and_tells_no_password(db: None) -> None:
    assert seed() is not None
    before = counts()
    assert seed() is None
    assert counts() == before == [1, 2, 3, 1]


def test_the_configured_super_admin_is_the_one_made(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "super_admin_email", "Root@Example.com")
    monkeypatch.setattr(get_settings(), "super_admin_password", SecretStr("a configured password"))
    assert seed() is not None
    body = {"email": "root@example.com", "password": "a configured password"}
    assert client.post("/api/auth/sign-in", json=body).status_code == 200


def test_an_admins_changes_survive_seeding(db: None) -> None:
    with transaction() as session:
        session.exec(select(Tool).where(Tool.slug == "figme")).one().title = "Another title"
    seed()
    with reading() as session:
        assert session.exec(select(Tool.title).where(Tool.slug == "figme")).one() == "Another title"
