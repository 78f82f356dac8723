import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from funmagic.accounts.viewer import Viewer
from funmagic.redis_client import get_redis
from funmagic.tasks.dispatch import announce_end
from funmagic.tasks.events import EventType, publish, stream_key
from tests import factories

Visit = Callable[[str, Viewer], httpx.Client]


class Event:
    """One server-sent event: its id line, and its data."""

    def __init__(self, block: str) -> None:
        id_line, data = re.fullmatch(r"(?:id: (\S+)\n)?data: (.+)", block).groups()
        self.id: str | None = id_line
        self.data: dict[str, Any] = json.loads(data)
        self.type: str = self.data["type"]


@contextmanager
def following(client: httpx.Client, task_id: str, last_id: str | None = None) -> Iterator[Iterator[Event]]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with client.stream("GET", f"/api/tasks/{task_id}/stream", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in answer.headers["cache-control"]
        yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[Event]:
    lines: list[str] = []
    for line in answer.iter_lines():
        if line:
            lines.append(line)
        elif block := "\n".join(lines):
            lines = []
            if not block.startswith(":"):
                yield Event(block)


@pytest.fixture
def run(alice: Viewer, redis: None) -> str:
    return factories.submit(alice).id


def test_a_stream_starts_with_connected_and_closes_at_the_end(
    server: str, visit: Visit, alice: Viewer, run: str
) -> None:
    client = visit(server, alice)
    with following(client, run) as events:
        first = next(events)
        assert (first.type, first.data["taskId"], first.id) == ("connected", run, None)
        publish(run, EventType.PROGRESS, stepId="remove", progress=0.5)
        progress = next(events)
        assert (progress.type, progress.data["stepId"], progress.data["progress"]) == ("progress", "remove", 0.5)
        client.post(f"/api/tasks/{run}/cancel")
        (last,) = events
    assert (last.type, last.data["error"]["code"]) == ("failed", "CANCELLED")
    assert all(re.fullmatch(r"\d+-\d+", event.id or "") for event in (progress, last))


def test_last_event_id_resumes_without_loss_or_repetition(server: str, visit: Visit, alice: Viewer, run: str) -> None:
    client = visit(server, alice)
    for step in range(4):
        publish(run, EventType.PROGRESS, stepId="remove", progress=step / 10)
    with following(client, run) as events:
        seen = [next(events) for _ in range(3)]
    publish(run, EventType.PROGRESS, stepId="remove", progress=0.9)
    client.post(f"/api/tasks/{run}/cancel")
    with following(client, run, seen[-1].id) as events:
        rest = list(events)
    assert [event.data["progress"] for event in seen[1:]] == [0.0, 0.1]
    assert [event.type for event in rest] == ["connected", "progress", "progress", "progress", "failed"]
    assert [event.data["progress"] for event in rest[1:-1]] == [0.2, 0.3, 0.9]


def test_whoever_leaves_is_forgotten(server: str, visit: Visit, alice: Viewer, run: str) -> None:
    client = visit(server, alice)
    with following(client, run) as events, following(visit(server, alice), run) as others:
        assert next(events).type == next(others).type == "connected"
        channel = stream_key(run).encode()
        factories.wait_until(lambda: get_redis().pubsub_channels() == [channel])
    factories.wait_until(lambda: get_redis().pubsub_channels() == [])


def test_the_end_is_told_even_when_the_stream_is_gone(server: str, visit: Visit, alice: Viewer, run: str) -> None:
    client = visit(server, alice)
    client.post(f"/api/tasks/{run}/cancel")
    get_redis().delete(stream_key(run))
    with following(client, run) as events:
        assert [event.type for event in events] == ["connected", "failed"]


def test_several_tabs_follow_the_same_run(server: str, visit: Visit, alice: Viewer, run: str) -> None:
    client = visit(server, alice)
    with following(client, run) as one, following(visit(server, alice), run) as other:
        assert next(one).type == next(other).type == "connected"
        publish(run, EventType.PROGRESS, stepId="remove", progress=0.5)
        assert next(one).id == next(other).id
        client.post(f"/api/tasks/{run}/cancel")
        assert [event.type for event in one] == [event.type for event in other] == ["failed"]


@pytest.mark.parametrize("last_id", ["x", "1", "1-", "-1-1", "$", "1-1; DROP"])
def test_a_last_event_id_that_is_none_is_refused(
    server: str, visit: Visit, alice: Viewer, run: str, last_id: str
) -> None:
    answer = visit(server, alice).get(f"/api/tasks/{run}/stream", headers={"Last-Event-ID": last_id})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


def test_a_last_event_id_too_large_for_redis_is_the_callers_mistake(
    server: str, visit: Visit, alice: Viewer, run: str
) -> None:
    answer = visit(server, alice).get(f"/api/tasks/{run}/stream", headers={"Last-Event-ID": f"{'9' * 30}-0"})
    assert answer.status_code == 422


def test_without_redis_the_stream_says_when_to_come_back(
    server_without_redis: str, visit: Visit, alice: Viewer, run: str
) -> None:
    answer = visit(server_without_redis, alice).get(f"/api/tasks/{run}/stream")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "LIVE_UPDATES_PAUSED")
    assert int(answer.headers["retry-after"]) > 0


def test_without_redis_runs_are_started_and_read_all_the_same(
    server_without_redis: str, visit: Visit, alice: Viewer, redis: None
) -> None:
    client = visit(server_without_redis, alice)
    body = {"toolSlug": "background-remove", "input": {"assetId": factories.upload_photo(alice)}}
    answer = client.post("/api/tasks", json=body)
    assert (answer.status_code, answer.json()["task"]["status"]) == (201, "pending")
    task_id = answer.json()["task"]["id"]
    assert client.get(f"/api/tasks/{task_id}").json()["task"]["status"] == "pending"
    assert client.post(f"/api/tasks/{task_id}/cancel").json()["task"]["error"]["code"] == "CANCELLED"
    assert factories.balance_of(alice).available == 100


@pytest.mark.parametrize("is_flushed", [False, True])
def test_who_has_heard_the_end_is_told_to_stop_asking(
    server: str, visit: Visit, alice: Viewer, run: str, is_flushed: bool
) -> None:
    client = visit(server, alice)
    client.post(f"/api/tasks/{run}/cancel")
    if is_flushed:
        get_redis().delete(stream_key(run))
    with following(client, run) as events:
        *_, last = events
    answer = client.get(f"/api/tasks/{run}/stream", headers={"Last-Event-ID": last.id})
    assert answer.status_code == 204


def test_an_end_told_twice_is_heard_once(server: str, visit: Visit, alice: Viewer, run: str) -> None:
    client = visit(server, alice)
    client.post(f"/api/tasks/{run}/cancel")
    with following(client, run) as events:
        *_, last = events
    announce_end(run)  # as the clock does when whoever told it died before noting so
    answer = client.get(f"/api/tasks/{run}/stream", headers={"Last-Event-ID": last.id})
    assert answer.status_code == 204
