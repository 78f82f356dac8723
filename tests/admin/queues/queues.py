"""RQ's dashboard as tests meet it: its pages, jobs to find there, and browsers to look with."""

from functools import cache

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from rq.job import Job
from rq.serializers import JSONSerializer
from starlette.responses import PlainTextResponse

from admin.queues.routes import mount_queues
from funmagic.api.app import create_api
from funmagic.core.queues import QueueName, queue
from funmagic.core.redis import get_redis

QUEUES = "/dashboard/queues"
OWN = {"Origin": "http://localhost:3999"}
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = [
    "",
    "/",
    "/0/",
    "/0/view",
    "/0/view/queues",
    "/0/view/workers",
    "/0/view/jobs",
    "/0/view/jobs/ai-tasks/failed/8/asc/1",
    "/0/view/job/failed-1",
]
DATA = [
    "/0/data/queues.json",
    "/0/data/workers.json",
    "/0/data/jobs/ai-tasks/queued/8/asc/1.json",
    "/0/data/jobs/ai-tasks/failed/8/dsc/1.json",
    "/0/data/job/failed-1.json",
]
FILES = ["/static/js/jquery-3.5.1.min.js", "/static/css/bootstrap.min.css", "/static/favicon.ico", "/favicon.ico"]
CHANGES = [
    "/job/failed-1/delete",
    "/job/failed-1/requeue",
    "/requeue/ai-tasks",
    "/queue/ai-tasks/queued/empty",
    "/queue/ai-tasks/failed/empty",
    "/queue/ai-tasks/compact",
]


@cache
def composed_api() -> FastAPI:
    api = create_api()
    mount_queues(api)
    api.mount("", PlainTextResponse("a page of Reflex", 404))
    return api


def open_browser() -> TestClient:
    return TestClient(composed_api(), base_url="http://localhost:3999", follow_redirects=False)


def fetch_job(job_id: str) -> Job:
    return Job.fetch(job_id, connection=get_redis(), serializer=JSONSerializer)


def waiting() -> list[str]:
    return queue(QueueName.AI_TASKS).get_job_ids()


def failed() -> list[str]:
    return queue(QueueName.AI_TASKS).failed_job_registry.get_job_ids()


def code_of(answer: Response) -> str:
    return answer.json()["error"]["code"]


def assert_nothing_changed() -> None:
    assert (waiting(), failed()) == (["waiting-1"], ["failed-1"])
