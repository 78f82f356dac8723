from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.core.db import transaction
from funmagic.models.base import utcnow
from funmagic.models.users import Role, User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.admin.queues.queues import CHANGES, DATA, FILES, OWN, PAGE, PAGES, QUEUES, assert_nothing_changed, code_of


def change_user(viewer: Viewer, **columns: Any) -> None:
    with transaction() as session:
        session.get_one(User, viewer.id).sqlmodel_update(columns)


def test_a_visitor_who_opens_a_page_is_sent_to_sign_in(browser: TestClient, jobs: None) -> None:
    for path in PAGES:
        answer = browser.get(QUEUES + path, headers=PAGE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/dashboard/queues")


def test_a_visitor_gets_neither_data_nor_files_and_changes_nothing(browser: TestClient, jobs: None) -> None:
    for path in DATA + FILES + PAGES:
        answer = browser.get(QUEUES + path)
        assert (answer.status_code, code_of(answer)) == (401, "UNAUTHORIZED")
    for path in CHANGES:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"):
            assert browser.request(method, QUEUES + path, headers=OWN).status_code == 401
        assert browser.post(QUEUES + path, headers=OWN | PAGE).status_code == 401
    assert_nothing_changed()


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
def test_neither_a_user_nor_an_admin_sees_or_changes_anything(browser: TestClient, jobs: None, role: Role) -> None:
    factories.sign_in(browser, factories.make_user("somebody", role))
    for path in PAGES + DATA + FILES:
        answer = browser.get(QUEUES + path, headers=PAGE)
        assert (answer.status_code, code_of(answer)) == (403, "FORBIDDEN")
    for path in CHANGES:
        answer = browser.post(QUEUES + path, headers=OWN)
        assert (answer.status_code, code_of(answer)) == (403, "FORBIDDEN")
    assert_nothing_changed()


@pytest.mark.parametrize(
    ("change", "status"),
    [({"role": Role.ADMIN}, 403), ({"banned_at": utcnow()}, 401), ({"deleted_at": utcnow()}, 401)],
    ids=["role", "ban", "deletion"],
)
def test_a_taken_role_or_a_ban_works_at_the_next_request(
    browser: TestClient, jobs: None, change: dict[str, Any], status: int
) -> None:
    viewer = factories.make_user("root", Role.SUPER_ADMIN)
    factories.sign_in(browser, viewer)
    assert browser.get(f"{QUEUES}/0/data/queues.json").status_code == 200
    change_user(viewer, **change)
    assert browser.get(f"{QUEUES}/0/data/queues.json").status_code == status
    assert browser.post(f"{QUEUES}/requeue/ai-tasks", headers=OWN).status_code == status
    assert_nothing_changed()


def test_signing_out_works_at_the_next_request(root: TestClient, jobs: None) -> None:
    token = root.cookies["fm_session"]
    assert root.post("/api/auth/sign-out", headers=OWN).status_code == 204
    stale = {"Cookie": f"fm_session={token}"}
    assert root.get(f"{QUEUES}/0/data/queues.json", headers=stale).status_code == 401


def test_nothing_else_below_the_dashboard_is_taken(root: TestClient) -> None:
    for path in ("/dashboard", "/dashboard/", "/dashboard/queuesx", "/dashboard/users"):
        assert root.get(path).text == "a page of Reflex"
