import pytest
from fastapi.testclient import TestClient

from funmagic.core.queues import TaskJob, enqueue_tasks
from tests.admin.queues.queues import (
    CHANGES,
    OWN,
    PAGE,
    QUEUES,
    assert_nothing_changed,
    code_of,
    failed,
    fetch_job,
    waiting,
)

STRANGERS = ["https://evil.example", "http://localhost:4000", "null", ""]


def test_what_changes_something_is_no_link(root: TestClient, jobs: None) -> None:
    for path in CHANGES:
        for method in ("GET", "HEAD"):
            answer = root.request(method, QUEUES + path, headers=OWN | PAGE)
            assert answer.status_code == 405, (method, path)
        assert root.options(QUEUES + path).status_code == 200
        for method in ("PUT", "PATCH", "DELETE"):
            assert root.request(method, QUEUES + path, headers=OWN).status_code == 405
    assert_nothing_changed()


@pytest.mark.parametrize(
    "spelling", ["//requeue/ai-tasks", "/%72equeue/ai-tasks", "/requeue//ai-tasks", "/./requeue/ai-tasks"]
)
def test_another_spelling_of_the_requeue_link_changes_nothing(root: TestClient, jobs: None, spelling: str) -> None:
    assert root.get(QUEUES + spelling, headers=PAGE).status_code in (308, 404, 405)
    assert_nothing_changed()


@pytest.mark.parametrize("path", CHANGES)
def test_another_site_changes_nothing_with_a_super_admins_cookie(root: TestClient, jobs: None, path: str) -> None:
    for headers in [{"Origin": origin} for origin in STRANGERS] + [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ]:
        answer = root.post(QUEUES + path, headers=headers)
        assert (answer.status_code, code_of(answer)) == (403, "FOREIGN_ORIGIN")
    assert_nothing_changed()


@pytest.mark.parametrize("headers", [OWN, {"Sec-Fetch-Site": "same-origin"}])
def test_the_pages_own_requeue_works(root: TestClient, jobs: None, headers: dict[str, str]) -> None:
    answer = root.post(f"{QUEUES}/requeue/ai-tasks", headers=headers)
    assert answer.json() == {"status": "OK", "count": 1}
    assert (waiting(), failed()) == (["waiting-1", "failed-1"], [])
    assert fetch_job("failed-1").args == ["failed"]


def test_one_job_is_queued_again_and_only_once(root: TestClient, jobs: None) -> None:
    assert root.post(f"{QUEUES}/job/failed-1/requeue", headers=OWN).json() == {"status": "OK"}
    assert root.post(f"{QUEUES}/job/failed-1/requeue", headers=OWN).status_code == 409
    assert waiting() == ["waiting-1", "failed-1"]


def test_jobs_are_deleted_and_registries_emptied(root: TestClient, jobs: None) -> None:
    assert root.post(f"{QUEUES}/queue/ai-tasks/compact", headers=OWN).json() == {"status": "OK"}
    assert_nothing_changed()
    assert root.post(f"{QUEUES}/job/waiting-1/delete", headers=OWN).json() == {"status": "OK"}
    assert (waiting(), failed()) == ([], ["failed-1"])
    assert root.post(f"{QUEUES}/queue/ai-tasks/failed/empty", headers=OWN).json() == {"status": "OK"}
    enqueue_tasks(TaskJob("another", 1))
    assert root.post(f"{QUEUES}/queue/ai-tasks/queued/empty", headers=OWN).json() == {"status": "OK"}
    assert (waiting(), failed()) == ([], [])
