"""A task's events as SSE and pages follow them: connected, what happened, and one end."""

import asyncio
from contextlib import aclosing

import pytest

from funmagic.accounts import roles
from funmagic.core.db import transaction
from funmagic.core.errors import LiveUpdatesPaused
from funmagic.core.live.watch import LOOK_AGAIN, SIGNS, START
from funmagic.core.redis import get_redis
from funmagic.models.tasks import FailureCode
from funmagic.models.users import User
from funmagic.sessions.service import close_session, close_sessions
from funmagic.tasks import lifecycle
from funmagic.tasks.dispatch import announce_end
from funmagic.tasks.events import STREAM_CAP, EventType, publish, stream_key
from funmagic.tasks.stream import follow_task, follow_task_as
from tests.factories import session_token, submit
from tests.funmagic.tasks.runs import cancel
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.usefixtures("fresh_watchers")


async def follow(task_id, after=START):
    """Everything a task's follower hears until the end, signs left out."""
    return [event async for event in follow_task(task_id, after) if event not in SIGNS]


def types_of(events):
    return [event.data["type"] for event in events]


def complete(task_id):
    with transaction() as session:
        claim = lifecycle.claim_task(session, task_id)
        lifecycle.finish_step(session, claim, lifecycle.take_step(session, claim), [], usage={})


async def read_past(stream):
    """Everything that happened before the follower came."""
    past = []
    async for event in stream:
        if event == LOOK_AGAIN:
            break
        past.append(event)
    return past


async def test_a_run_is_told_from_connected_through_its_events_to_its_end(alice, redis):
    task = submit(alice)
    publish(task.id, EventType.STEP_STARTED, stepId="remove")
    async with aclosing(follow_task(task.id)) as stream:
        past = await read_past(stream)
        for progress in (0.2, 0.6):
            publish(task.id, EventType.PROGRESS, stepId="remove", progress=progress)
        await asyncio.to_thread(complete, task.id)
        await asyncio.to_thread(announce_end, task.id)
        live = [event async for event in stream]
    assert types_of(past) == ["connected", "step_started"]
    assert types_of(live) == ["progress", "progress", "completed"]
    assert all(event.data["taskId"] == task.id and event.data["timestamp"] for event in past + live)
    assert all(event.id for event in live)
    assert live[-1].data["output"] == {"assets": []}


async def test_a_follower_hears_one_end_even_when_it_was_told_twice(alice, redis):
    task = submit(alice)
    cancel(alice, task.id)
    announce_end(task.id)
    assert types_of(await follow(task.id)) == ["connected", "failed"]


async def test_a_failure_is_told_with_its_code_and_sentence(alice, redis):
    task = submit(alice)
    cancel(alice, task.id)
    error = (await follow(task.id))[-1].data["error"]
    assert error == {"code": FailureCode.CANCELLED, "message": "Run cancelled. Nothing was charged."}


@pytest.mark.parametrize(("end", "type_"), [(complete, "completed"), (None, "failed")])
async def test_an_ended_task_without_a_stream_is_told_from_the_database(alice, redis, end, type_):
    task = submit(alice)
    (end or (lambda task_id: cancel(alice, task_id)))(task.id)
    get_redis().flushall()
    events = await follow(task.id)
    assert types_of(events) == ["connected", type_]
    assert events[-1].id == "end"


async def test_resuming_after_an_event_tells_only_what_came_later(alice, redis):
    task = submit(alice)
    for progress in (0.2, 0.6):
        publish(task.id, EventType.PROGRESS, stepId="remove", progress=progress)
    cancel(alice, task.id)
    whole = await follow(task.id)
    rest = await follow(task.id, after=whole[1].id)
    assert [event.data for event in rest[1:]] == [event.data for event in whole[2:]]


async def test_resuming_after_the_end_tells_the_end(alice, redis):
    task = submit(alice)
    cancel(alice, task.id)
    end = (await follow(task.id))[-1]
    assert types_of(await follow(task.id, after=end.id)) == ["connected", "failed"]


async def test_an_event_that_a_late_worker_appends_after_the_end_is_not_told(alice, redis):
    task = submit(alice)
    cancel(alice, task.id)
    publish(task.id, EventType.PROGRESS, stepId="remove", progress=0.9)
    assert types_of(await follow(task.id)) == ["connected", "failed"]


async def test_an_event_after_the_end_does_not_keep_the_stream_longer(alice, redis):
    task = submit(alice)
    cancel(alice, task.id)
    publish(task.id, EventType.PROGRESS, stepId="remove", progress=0.9)
    assert get_redis().ttl(stream_key(task.id)) <= 3600


async def test_a_follower_who_is_there_hears_the_end_after_redis_was_flushed(alice, redis):
    task = submit(alice)
    async with aclosing(follow_task(task.id)) as stream:
        await read_past(stream)
        get_redis().flushall()
        await asyncio.to_thread(cancel, alice, task.id)
        assert types_of([event async for event in stream if event not in SIGNS]) == ["failed"]


async def test_an_end_that_was_flushed_before_anybody_read_it_is_told_from_the_database(alice, redis, monkeypatch):
    monkeypatch.setattr("funmagic.core.live.watch.SILENCE_S", 0.01)
    task = submit(alice)
    async with aclosing(follow_task(task.id)) as stream:
        await read_past(stream)
        await asyncio.to_thread(complete, task.id)
        get_redis().flushall()
        assert types_of([event async for event in stream if event not in SIGNS]) == ["completed"]


async def test_a_stream_is_capped_and_expires(alice, redis):
    task = submit(alice)
    publish(task.id, EventType.STEP_STARTED, stepId="remove")
    for number in range(STREAM_CAP * 2):
        publish(task.id, EventType.PROGRESS, progress=number)
    assert get_redis().xlen(stream_key(task.id)) < STREAM_CAP * 2
    assert get_redis().ttl(stream_key(task.id)) > 3600
    cancel(alice, task.id)
    assert 0 < get_redis().ttl(stream_key(task.id)) <= 3600


async def test_following_while_redis_is_away_says_that_live_updates_pause(alice, stoppable_redis):
    task = submit(alice)
    stoppable_redis.stop()
    stream = follow_task(task.id)
    assert (await anext(stream)).data["type"] == "connected"
    with pytest.raises(LiveUpdatesPaused):
        await anext(stream)


async def test_a_run_that_ended_while_redis_was_away_ends_for_who_follows_it(alice, stoppable_redis):
    task = submit(alice)
    async with aclosing(follow_task(task.id)) as stream:
        await read_past(stream)
        stoppable_redis.stop()
        await asyncio.to_thread(complete, task.id)
        assert types_of([event async for event in stream if event not in SIGNS]) == ["completed"]


def sign_out(session, _viewer, token):
    close_session(session, token)


def sign_out_elsewhere(session, viewer, _token):
    close_sessions(session, viewer.id, but="another")


def ban(session, viewer, _token):
    roles.ban_user(session, session.get_one(User, viewer.id))


@pytest.mark.parametrize("end", [sign_out, sign_out_elsewhere, ban])
async def test_a_stream_ends_with_its_session_though_nothing_happens_in_the_run(alice, redis, monkeypatch, end):
    monkeypatch.setattr("funmagic.core.live.watch.SILENCE_S", 1_000_000)  # nobody looks by the clock
    task, token = submit(alice), session_token(alice)

    def end_session():
        with transaction() as session:
            end(session, alice, token)

    async with aclosing(follow_task_as(alice, token, task.id)) as stream, asyncio.timeout(PATIENCE_S):
        await read_past(stream)
        await asyncio.to_thread(end_session)
        assert [event async for event in stream if event not in SIGNS] == []
