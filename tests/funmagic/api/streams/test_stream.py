import re
from collections.abc import Callable

import httpx
import pytest
from sqlmodel import Session

from funmagic.accounts import roles
from funmagic.core.db import transaction
from funmagic.core.live.user_channel import channel_of_user
from funmagic.core.redis import get_redis
from funmagic.models.users import User
from funmagic.sessions.service import COOKIE_NAME, close_session, close_sessions
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.dispatch import announce_end
from funmagic.tasks.events import EventType, publish, stream_key
from tests import factories
from tests.funmagic.api.streams.visits import Visit, _events, following


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
        channels = {stream_key(run).encode(), channel_of_user(alice.id).encode()}
        factories.wait_until(lambda: set(get_redis().pubsub_channels()) == channels)
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


ODD = ["", "x", "1", "1-", "-1-1", "-5", "$", ">", "1-1; DROP", f"{'9' * 30}-0", f"{'9' * 19}-0", "end", "x" * 5000]


@pytest.mark.parametrize("last_id", [*(id_.encode() for id_ in ODD), "٣-٣".encode(), b"\xff\xfe", b"1-1, 2-2"])
def test_a_last_event_id_that_none_has_means_from_the_start(
    server: str, visit: Visit, alice: Viewer, run: str, last_id: bytes
) -> None:
    assert_hears_all(visit(server, alice), run, [(b"Last-Event-ID", last_id)])


def test_of_several_last_event_ids_none_counts(server: str, visit: Visit, alice: Viewer, run: str) -> None:
    assert_hears_all(visit(server, alice), run, [(b"Last-Event-ID", b"99-0"), (b"Last-Event-ID", b"end")])


def assert_hears_all(client: httpx.Client, task_id: str, headers: list[tuple[bytes, bytes]]) -> None:
    publish(task_id, EventType.PROGRESS, stepId="remove", progress=0.5)
    with client.stream("GET", f"/api/tasks/{task_id}/stream", headers=headers) as answer:
        assert answer.status_code == 200
        events = _events(answer)
        assert [next(events).type, next(events).type] == ["connected", "progress"]


@pytest.mark.parametrize("is_over", [False, True])
def test_the_head_of_a_stream_is_answered_at_once_and_leaves_nobody_following(
    server: str, visit: Visit, alice: Viewer, run: str, is_over: bool
) -> None:
    client = visit(server, alice)
    if is_over:
        client.post(f"/api/tasks/{run}/cancel")
    answer = client.head(f"/api/tasks/{run}/stream")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    factories.wait_until(lambda: get_redis().pubsub_channels() == [])


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


@pytest.fixture
def alices(server: str, visit: Visit, alice: Viewer) -> httpx.Client:
    return visit(server, alice)


def sign_out(session: Session, _viewer: Viewer, token: str) -> None:
    close_session(session, token)


def ban(session: Session, viewer: Viewer, _token: str) -> None:
    roles.ban_user(session, session.get_one(User, viewer.id))


def revoke_elsewhere(session: Session, viewer: Viewer, _token: str) -> None:
    close_sessions(session, viewer.id, but="another")


@pytest.mark.parametrize("end", [sign_out, ban, revoke_elsewhere])
@pytest.mark.parametrize("type_", EventType)
def test_whoever_is_out_hears_nothing_more_and_the_stream_ends(
    alices: httpx.Client, alice: Viewer, run: str, end: Callable[..., None], type_: EventType
) -> None:
    with following(alices, run) as events:
        publish(run, EventType.PROGRESS, stepId="remove", progress=0.5)
        assert [next(events).type for _ in range(2)] == ["connected", "progress"]
        with transaction() as session:
            end(session, alice, alices.cookies[COOKIE_NAME])
        publish(run, type_, stepId="remove", progress=0.7)
        assert list(events) == []
