from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import col, select

from funmagic.catalogue.cache import drop_catalogue
from funmagic.core.db import after_commit, transaction
from funmagic.models.tools import Tool, ToolType
from funmagic.models.users import Role
from funmagic.sessions.viewer import Viewer
from tests import factories

pytestmark = pytest.mark.both_databases

SLUG = "background-remove"


@pytest.fixture(autouse=True)
def only_one_tool(db: None) -> None:
    """Nothing but Background Remove is in the catalogue."""
    with transaction() as session:
        session.execute(sa.delete(Tool).where(col(Tool.slug) != SLUG))


def change_tool(**changes: Any) -> None:
    with transaction() as session:
        tool = session.exec(select(Tool).where(Tool.slug == SLUG)).one()
        for name, value in changes.items():
            setattr(tool, name, value)
        after_commit(session, partial(drop_catalogue, SLUG))


def get_tool(client: TestClient) -> Any:
    return client.get(f"/api/tools/{SLUG}").json()["tool"]


@pytest.fixture
def admin_client(client: TestClient) -> TestClient:
    return factories.sign_in(client, factories.make_user("ada", Role.ADMIN))


def test_a_tool_is_told_in_the_contracts_shape_and_nothing_more(client: TestClient) -> None:
    tool = get_tool(client)
    assert set(tool) == {
        *("id", "slug", "title", "description", "type", "features", "thumbnailUrl", "steps", "totalCredits"),
        *("rating", "ratingCount", "usageCount", "featured"),
    }
    assert (tool["slug"], tool["type"], tool["featured"]) == (SLUG, "image", True)
    assert tool["steps"] == [
        {
            "id": "remove",
            "title": "Remove background",
            "credits": 5,
            "inputs": [{"name": "assetId", "type": "image", "label": "Photo", "required": True}],
        }
    ]
    assert tool["totalCredits"] == 5
    assert client.get("/api/tools").json() == {"tools": [tool], "nextCursor": None}


def test_what_an_admin_configured_stays_inside(client: TestClient) -> None:
    step = {"provider": "a-provider", "model": "a-model", "options": {"prompt": "a-prompt"}, "credits": 5}
    change_tool(config={"steps": {"remove": step}, "prompt": "a-prompt"})
    for path in ("/api/tools", f"/api/tools/{SLUG}"):
        answer = client.get(path).text
        assert [
            secret for secret in ("a-provider", "a-model", "a-prompt", "config", "options") if secret in answer
        ] == []


def test_the_price_is_the_configured_one_and_is_what_a_run_holds(
    alice: Viewer, alice_client: TestClient, redis: None
) -> None:
    change_tool(config={"steps": {"remove": {"credits": 12}}})
    tool = get_tool(alice_client)
    assert (tool["steps"][0]["credits"], tool["totalCredits"]) == (12, 12)
    assert factories.submit(alice).credits_cost == 12
    assert factories.balance_of(alice).reserved == 12


@pytest.mark.parametrize("slug", ["nothing", "Background-Remove", "%00", "a" * 500])
def test_an_unknown_tool_is_not_found(client: TestClient, slug: str) -> None:
    answer = client.get(f"/api/tools/{slug}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_an_inactive_tool_is_hidden_from_everybody_but_admins(
    client: TestClient, bob_client: TestClient, admin_client: TestClient
) -> None:
    change_tool(is_active=False)
    assert bob_client.get(f"/api/tools/{SLUG}").status_code == 404
    assert bob_client.get("/api/tools").json()["tools"] == []
    assert get_tool(admin_client)["slug"] == SLUG
    client.cookies.clear()
    assert client.get(f"/api/tools/{SLUG}").status_code == 404


def test_an_inactive_tool_runs_for_admins_only(bob: Viewer, bob_client: TestClient) -> None:
    change_tool(is_active=False)
    body = {"toolSlug": SLUG, "input": {"assetId": factories.upload_photo(bob)}}
    answer = bob_client.post("/api/tasks", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "TOOL_UNAVAILABLE")
    assert factories.submit(factories.make_user("ada", Role.ADMIN)).tool_slug == SLUG


def test_only_categories_with_active_tools_are_listed(client: TestClient) -> None:
    with transaction() as session:
        session.add(ToolType(name="video", title="Video", icon="film", colour="blue"))
    (image,) = client.get("/api/tool-types").json()["toolTypes"]
    assert set(image) == {"id", "name", "title", "icon", "colour"}
    assert image["name"] == "image"
    change_tool(is_active=False)
    assert client.get("/api/tool-types").json() == {"toolTypes": []}


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), ("?category=image", 1), ("?category=video", 0), ("?featured=true", 1), ("?featured=false", 0)],
)
def test_tools_can_be_picked_by_category_and_featured(client: TestClient, query: str, count: int) -> None:
    assert len(client.get(f"/api/tools{query}").json()["tools"]) == count


def test_the_rating_is_the_mean_of_all_stars(client: TestClient) -> None:
    assert (get_tool(client)["rating"], get_tool(client)["ratingCount"]) == (0, 0)
    change_tool(rating_sum=14, rating_count=3)
    assert (get_tool(client)["rating"], get_tool(client)["ratingCount"]) == (4.67, 3)


def test_a_tool_whose_code_is_gone_does_not_take_the_catalogue_with_it(client: TestClient) -> None:
    with transaction() as session:
        tool_type = session.exec(select(ToolType).where(ToolType.name == "image")).one()
        session.add(Tool(slug="old", kind="a-kind-of-the-past", tool_type_id=tool_type.id, title="Old"))
    assert [tool["slug"] for tool in client.get("/api/tools").json().get("tools", [])] == [SLUG]
    assert client.get("/api/tools/old").status_code in (404, 409)


@pytest.mark.parametrize("step_id", ["nothing", "", "Remove", "image-gen"])
def test_an_unknown_step_is_an_error_and_never_free(alice: Viewer, alice_client: TestClient, step_id: str) -> None:
    body = {"toolSlug": SLUG, "stepId": step_id, "input": {"assetId": factories.upload_photo(alice)}}
    answer = alice_client.post("/api/tasks", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_INPUT")
    assert alice_client.get("/api/tasks").json()["tasks"] == []
