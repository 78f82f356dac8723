import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from funmagic.core.queues import QueueName, TaskJob, enqueue_tasks, queue
from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.models.base import new_id
from funmagic.models.users import Role
from tests import factories
from tests.admin.queues.queues import (
    DATA,
    FILES,
    OWN,
    PAGE,
    PAGES,
    QUEUES,
    assert_nothing_changed,
    fetch_job,
    open_browser,
)
from tests.servers import StoppableRedis


def test_a_super_admin_sees_all_of_it_and_that_changes_nothing(root: TestClient, jobs: None) -> None:
    for path in PAGES + DATA + FILES:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = root.request(method, QUEUES + path, headers=PAGE)
            assert answer.status_code == 200, (method, path)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert_nothing_changed()


def test_the_numbers_are_those_of_redis(root: TestClient, jobs: None) -> None:
    [row] = root.get(f"{QUEUES}/0/data/queues.json").json()["queues"]
    assert (row["name"], row["count"], row["failed_job_registry_count"]) == ("ai-tasks", 1, 1)
    assert row["failed_url"].startswith(f"{QUEUES}/0/view/jobs/ai-tasks/failed/")
    [job] = root.get(f"{QUEUES}/0/data/jobs/ai-tasks/failed/8/asc/1.json").json()["jobs"]
    assert (job["id"], job["description"]) == ("failed-1", "worker.jobs.run_task('failed')")


seen_from_inside: list[Any] = []


def open_the_workers(token: str) -> None:
    """A job that asks the dashboard who is busy with what."""
    with open_browser() as browser:
        answer = browser.get(f"{QUEUES}/0/data/workers.json", headers={"Cookie": f"fm_session={token}"})
    seen_from_inside.append(answer.json())


def test_a_busy_worker_is_shown_with_its_job(root: TestClient) -> None:
    seen_from_inside.clear()
    job = queue(QueueName.MAIL).enqueue(open_the_workers, root.cookies["fm_session"])
    worker = SimpleWorker([queue(QueueName.MAIL)], connection=get_redis(), serializer=JSONSerializer)
    worker.work(burst=True, logging_level=logging.WARNING)
    assert job.latest_result().exc_string is None
    [worker_row] = seen_from_inside[0]["workers"]
    assert (worker_row["state"], worker_row["queues"]) == ("busy", ["mail"])
    assert worker_row["current_job"]["call_string"].startswith("tests.admin.queues.test_pages.open_the_workers(")


def test_no_page_shows_the_address_of_redis(root: TestClient, jobs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = get_settings()
    monkeypatch.setattr(settings, "redis_url", f"unix://:p@ss-word@{settings.redis_socket}?password=hunter2")
    for path in PAGES:
        text = root.get(QUEUES + path).text
        assert not [word for word in ("ss-word", "hunter2", "redis.sock") if word in text]


def test_the_pages_ask_nobody_else(root: TestClient, jobs: None) -> None:
    for path in PAGES:
        answer = root.get(QUEUES + path)
        sources = [part.split('"')[0] for part in answer.text.replace('href="', 'src="').split('src="')[1:]]
        links = ("https://github.com/Parallels/rq-dashboard", "http://python-rq.org")
        assert [source for source in sources if not source.startswith(("/dashboard/queues/", "#", "<%", *links))] == []
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy


def test_only_the_pages_own_scripts_run(root: TestClient) -> None:
    first, second = (root.get(f"{QUEUES}/") for _ in range(2))
    nonce = first.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    assert len(nonce) >= 20
    assert nonce not in second.headers["content-security-policy"]
    assert first.text.count(f'<script nonce="{nonce}">') == 1
    assert first.text.count(f'nonce="{nonce}"></script>') == 4
    assert "unsafe-inline" not in first.headers["content-security-policy"].split("script-src")[1].split(";")[0]


def test_a_name_in_the_address_never_becomes_script(root: TestClient) -> None:
    text = root.get(f"{QUEUES}/0/view/jobs/');alert(1);('/queued/8/asc/1").text
    assert "alert(1)" in text
    assert "');alert(1);('" not in text


def test_what_a_traceback_says_never_becomes_markup(root: TestClient, jobs: None) -> None:
    for path in PAGES:
        assert "<%= d." not in root.get(QUEUES + path).text
    assert "<%- d.exc_info %>" in root.get(f"{QUEUES}/0/view/job/failed-1").text


def test_a_job_that_is_gone_and_a_second_redis_are_not_there(root: TestClient) -> None:
    for path in ("/0/view/job/nobody", "/0/data/job/nobody.json", "/1/view/queues", "/1/data/queues.json", "/unknown"):
        assert root.get(QUEUES + path).status_code == 404
    assert root.post(f"{QUEUES}/job/nobody/requeue", headers=OWN).status_code == 404


def test_without_redis_the_pages_say_so_and_come_back(db: None, stoppable_redis: StoppableRedis) -> None:
    with open_browser() as browser:
        factories.sign_in(browser, factories.make_user("root", Role.SUPER_ADMIN))
        stoppable_redis.stop()
        for path in ("", "/0/view/workers", "/0/data/queues.json"):
            answer = browser.get(QUEUES + path, headers=PAGE)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")
            assert "while Redis is away" in answer.text
            assert "Traceback" not in answer.text
        assert browser.post(f"{QUEUES}/requeue/ai-tasks", headers=OWN).status_code == 503
        stoppable_redis.start()
        assert browser.get(QUEUES, headers=PAGE).status_code == 200


def test_a_job_in_redis_is_a_dotted_name_and_a_task_id(redis: None) -> None:
    task_id = new_id()
    enqueue_tasks(TaskJob(task_id, 1))
    job = fetch_job(f"{task_id}-1")
    assert JSONSerializer.loads(job.data) == ["worker.jobs.run_task", None, [task_id], {}]
    assert (job.meta, job.description) == ({}, f"worker.jobs.run_task('{task_id}')")
    stored = set(get_redis().hkeys(job.key))
    assert stored <= {
        *(b"data", b"description", b"origin", b"status", b"timeout", b"created_at", b"enqueued_at", b"started_at"),
        *(
            b"ended_at",
            b"last_heartbeat",
            b"worker_name",
            b"result_ttl",
            b"failure_ttl",
            b"ttl",
            b"success_callback_name",
        ),
        *(b"failure_callback_name", b"stopped_callback_name", b"group_id"),
    }
