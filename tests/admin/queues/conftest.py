"""RQ's dashboard as it is composed, its addresses, and two jobs to look at."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from rq.job import JobStatus

from funmagic.core.queues import QueueName, TaskJob, enqueue_tasks, queue
from funmagic.models.users import Role
from tests import factories
from tests.admin.queues.queues import (
    fetch_job,
    open_browser,
)


@pytest.fixture
def browser(db: None, redis: None) -> Iterator[TestClient]:
    """A browser before the product as it is composed, nobody signed in."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def root(browser: TestClient) -> TestClient:
    """A super admin's browser."""
    return factories.sign_in(browser, factories.make_user("root", Role.SUPER_ADMIN))


@pytest.fixture
def jobs(redis: None) -> None:
    """One job waits, and one has failed."""
    enqueue_tasks(TaskJob("waiting", 1))
    enqueue_tasks(TaskJob("failed", 1))
    job = fetch_job("failed-1")
    queue(QueueName.AI_TASKS).remove(job)
    job.failed_job_registry.add(job, ttl=3600, exc_string="Traceback: <img src=x onerror=alert(1)>")
    job.set_status(JobStatus.FAILED)
