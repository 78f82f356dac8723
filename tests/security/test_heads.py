"""HEAD answers wherever GET does: the same status, the same headers, and no body."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.users import Role
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.security.operations import Operation, Things
from tests.security.routes import OPERATIONS, UNDOCUMENTED, browser

READ = [operation for operation in OPERATIONS if operation.method == "GET"]
# What is new in every answer, or counts answers.
CHANGING = {"x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "set-cookie", "location"}


@pytest.fixture
def things(alice: Viewer, redis: None) -> Things:
    """What the routes may be asked about."""
    asset_id = factories.upload_photo(alice)
    task_id = factories.submit(alice, asset_id=asset_id).id
    return Things(alice, {"asset_id": asset_id, "task_id": task_id, "session_id": task_id, "payment_id": task_id})


@pytest.fixture
def reader(things: Things) -> TestClient:
    """Alice's browser."""
    return factories.sign_in(browser(), things.owner)


def facts(answer: httpx.Response) -> tuple[int, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in CHANGING}
    return answer.status_code, headers


def assert_alike(client: TestClient, path: str, **headers: str) -> None:
    got, head = (client.request(method, path, headers=headers, follow_redirects=False) for method in ("GET", "HEAD"))
    assert facts(head) == facts(got)
    assert head.content == b""


@pytest.mark.parametrize("operation", [each for each in READ if not each.path.endswith("/stream")], ids=str)
def test_an_operation_answers_head_as_get(operation: Operation, reader: TestClient, things: Things) -> None:
    assert_alike(reader, operation.path.format(**{"slug": "figme", "provider": "google"} | things.ids))


@pytest.mark.parametrize(
    "path", ["/openapi.json", *(line.partition(" ")[2] for _, line in UNDOCUMENTED if line.startswith("GET"))]
)
def test_what_the_document_leaves_out_answers_head_as_get(path: str, reader: TestClient, things: Things) -> None:
    assert_alike(reader, path)


def test_a_stored_file_answers_head_as_get(reader: TestClient) -> None:
    get_storage().put(PRIVATE_BUCKET, "a/photo", b"photo", mime="image/png")
    address = get_storage().presign_get(PRIVATE_BUCKET, "a/photo")
    assert_alike(reader, address)
    assert_alike(reader, address, Range="bytes=1-2")
    assert reader.head(address).headers["content-length"] == "5"


def test_the_queues_answer_head_as_get(db: None, redis: None) -> None:
    root = factories.sign_in(browser(), factories.make_user("root", Role.SUPER_ADMIN))
    assert root.head("/dashboard/queues").status_code == root.get("/dashboard/queues").status_code == 200


def test_where_there_is_no_get_there_is_no_head(reader: TestClient) -> None:
    answer = reader.head("/api/upload")
    assert answer.status_code == 405
    assert answer.content == b""
    assert set(reader.post("/api/tools").headers["Allow"].split(", ")) >= {"GET", "HEAD"}
    assert reader.head("/api/nothing").status_code == 404


@pytest.fixture
def curl(web: str) -> Iterator[httpx.Client]:
    """A client of a real server."""
    with httpx.Client(base_url=web, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/tools", "/api/docs", "/api/nothing"])
def test_a_real_server_answers_head_as_get(path: str, curl: httpx.Client, db: None, redis: None) -> None:
    got, head = curl.get(path), curl.head(path)
    assert facts(head) == facts(got)
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
