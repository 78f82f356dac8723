from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.core.db import transaction
from funmagic.models.base import new_id
from funmagic.models.tasks import Task
from funmagic.sessions.viewer import Viewer
from funmagic.tasks import lifecycle
from tests import factories

TASK_ACTS = [("GET", ""), ("GET", "/stream"), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")]
ASSET_ACTS = [("GET", ""), ("GET", "/download")]
KEPT_INSIDE = {"provider", "model", "prompt", "options", "request", "usage", "lease", "attempts", "userId"}


def names_in(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    return set(value).union(*map(names_in, value.values())) if isinstance(value, dict) else set()


@pytest.fixture
def alices_photo(alice: Viewer, redis: None) -> str:
    return factories.upload_photo(alice)


@pytest.fixture
def alices_run(alice: Viewer, alices_photo: str) -> str:
    return factories.submit(alice, asset_id=alices_photo).id


@pytest.mark.parametrize(("method", "act"), TASK_ACTS)
@pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
def test_bob_finds_no_run_of_alices(
    alices_run: str, bob_client: TestClient, method: str, act: str, *, ended: bool
) -> None:
    if ended:
        with transaction() as session:
            lifecycle.cancel_task(session, alices_run)
    hers = bob_client.request(method, f"/api/tasks/{alices_run}{act}")
    nobodys = bob_client.request(method, f"/api/tasks/{new_id()}{act}")
    assert hers.status_code == nobodys.status_code == 404
    assert hers.json() == nobodys.json()
    task = factories.load_task(alices_run)
    assert task.deleted_at is None
    assert (task.status == "failed") is ended


@pytest.mark.parametrize(("method", "act"), ASSET_ACTS)
def test_bob_finds_no_file_of_alices(alices_photo: str, bob_client: TestClient, method: str, act: str) -> None:
    hers = bob_client.request(method, f"/api/assets/{alices_photo}{act}", follow_redirects=False)
    nobodys = bob_client.request(method, f"/api/assets/{new_id()}{act}", follow_redirects=False)
    assert hers.status_code == nobodys.status_code == 404
    assert hers.json() == nobodys.json()


def test_bob_cannot_run_alices_photo(alices_photo: str, bob: Viewer, bob_client: TestClient) -> None:
    body = {"toolSlug": "background-remove", "input": {"assetId": alices_photo}}
    assert bob_client.post("/api/tasks", json=body).status_code == 404
    assert factories.balance_of(bob).reserved == 0


def test_bob_cannot_hang_a_run_below_alices(alices_run: str, bob: Viewer, bob_client: TestClient) -> None:
    values = {"assetId": factories.upload_photo(bob)}
    body = {"toolSlug": "background-remove", "parentTaskId": alices_run, "input": values}
    assert bob_client.post("/api/tasks", json=body).status_code == 404
    assert factories.balance_of(bob).reserved == 0


def test_bobs_lists_show_nothing_of_alices(alices_run: str, bob_client: TestClient) -> None:
    assert bob_client.get("/api/tasks").json() == {"tasks": [], "nextCursor": None}
    lines = bob_client.get("/api/credits/transactions").json()["transactions"]
    assert [line["type"] for line in lines] == ["welcome"]


def test_one_key_of_two_users_makes_two_runs(alice: Viewer, bob: Viewer, redis: None) -> None:
    assert factories.submit(alice, key="same").id != factories.submit(bob, key="same").id


def test_a_deleted_run_is_gone_for_its_owner_too(alices_run: str, alice_client: TestClient) -> None:
    alice_client.post(f"/api/tasks/{alices_run}/cancel")
    assert alice_client.delete(f"/api/tasks/{alices_run}").status_code == 204
    for method, act in TASK_ACTS:
        assert alice_client.request(method, f"/api/tasks/{alices_run}{act}").status_code == 404
    assert alice_client.get("/api/tasks").json()["tasks"] == []


def test_a_run_is_told_in_the_contracts_shape_and_keeps_its_insides(alices_run: str, alice_client: TestClient) -> None:
    with transaction() as session:
        session.get_one(Task, alices_run).error_message = None
    task = alice_client.get(f"/api/tasks/{alices_run}").json()["task"]
    assert set(task) == {
        *("id", "toolSlug", "stepId", "parentTaskId", "status", "creditsCost", "progress", "currentStep", "input"),
        *("output", "error", "steps", "children", "createdAt", "startedAt", "finishedAt"),
    }
    assert task["steps"] == [{"id": "remove", "status": "pending", "progress": 0}]
    assert names_in(task) & KEPT_INSIDE == set()
    assert task["createdAt"].endswith("Z")
    cancelled = alice_client.post(f"/api/tasks/{alices_run}/cancel").json()["task"]
    assert set(cancelled["error"]) == {"code", "message"}
    assert names_in(cancelled) & KEPT_INSIDE == set()
