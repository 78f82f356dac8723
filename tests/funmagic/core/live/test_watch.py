"""The one reader of a process: every event once and in order, for however many watchers."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from funmagic.core.errors import LiveUpdatesPaused
from funmagic.core.live.inbox import MOST_WAITING, Inbox
from funmagic.core.live.watch import LOOK_AGAIN, LOOK_ASIDE, PAUSED, QUIET, SIGNS, START
from funmagic.core.redis import get_redis
from funmagic.models.base import new_id
from funmagic.tasks.events import EventType, publish, stream_key
from tests.factories import wait_until

EVENTS = 400


def publish_all(task_id, numbers):
    for number in numbers:
        publish(task_id, EventType.PROGRESS, progress=number)


async def collect(watchers, task_id, wanted, after=START):
    """The next events of a task, signs left out."""
    events = []
    async with aclosing(watchers.follow(stream_key(task_id), after)) as stream:
        async for event in stream:
            events += [] if event in SIGNS else [event]
            if len(events) >= wanted:
                break
    return events


def numbers_of(events):
    return [event.data["progress"] for event in events]


def subscriptions():
    """How many channels each connection listens to that listens to any."""
    return [int(client["sub"]) for client in get_redis().client_list() if client["sub"] != "0"]


async def test_the_past_is_told_before_what_is_live(redis, watchers):
    task_id = new_id()
    publish_all(task_id, range(3))
    async with aclosing(watchers.follow(stream_key(task_id))) as stream:
        past = [await anext(stream) for _ in range(4)]
        publish_all(task_id, [3])
        live = await anext(stream)
    assert numbers_of(past[:3]) == [0, 1, 2]
    assert past[3] == LOOK_AGAIN
    assert live.data["progress"] == 3


async def test_resuming_after_an_event_continues_with_the_next(redis, watchers):
    task_id = new_id()
    publish_all(task_id, range(10))
    events = await collect(watchers, task_id, 10)
    assert numbers_of(await collect(watchers, task_id, 6, after=events[3].id)) == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("portion", [5, 60, EVENTS])
async def test_resuming_while_events_are_appended_loses_and_repeats_nothing(redis, watchers, portion):
    task_id, last, seen = new_id(), START, []
    writer = threading.Thread(target=publish_all, args=(task_id, range(EVENTS)))
    writer.start()
    while len(seen) < EVENTS:
        part = await collect(watchers, task_id, min(portion, EVENTS - len(seen)), after=last)
        seen, last = seen + numbers_of(part), part[-1].id
    writer.join()
    assert seen == list(range(EVENTS))


async def test_watchers_that_join_at_any_time_see_the_same(redis, watchers):
    task_id = new_id()
    writer = threading.Thread(target=publish_all, args=(task_id, range(EVENTS)))
    early = asyncio.create_task(collect(watchers, task_id, EVENTS))
    writer.start()
    late = [asyncio.create_task(collect(watchers, task_id, EVENTS)) for _ in range(10)]
    for events in await asyncio.gather(early, *late):
        assert numbers_of(events) == list(range(EVENTS))
    writer.join()


async def test_watchers_of_different_tasks_hear_only_their_own(redis, watchers):
    ids = [new_id() for _ in range(5)]
    following = [asyncio.create_task(collect(watchers, task_id, 20)) for task_id in ids]
    for number in range(20):
        for place, task_id in enumerate(ids):
            publish(task_id, EventType.PROGRESS, progress=(place, number))
    for place, events in enumerate(await asyncio.gather(*following)):
        assert numbers_of(events) == [[place, number] for number in range(20)]


async def test_all_watchers_share_one_connection(redis, watchers):
    ids = [new_id() for _ in range(8)]
    following = [asyncio.create_task(collect(watchers, task_id, 1)) for task_id in ids]
    await asyncio.to_thread(wait_until, lambda: subscriptions() == [8])
    publish_all(ids[0], [0])
    await following[0]
    await asyncio.to_thread(wait_until, lambda: subscriptions() == [7])
    for task_id in ids[1:]:
        publish_all(task_id, [0])
    await asyncio.gather(*following)
    await asyncio.to_thread(wait_until, lambda: subscriptions() == [])


async def test_a_task_that_nobody_watches_is_forgotten(redis, watchers):
    one, other = new_id(), new_id()
    async with aclosing(watchers.follow(stream_key(one))) as stream:
        await anext(stream)
        publish_all(other, [0])
        await collect(watchers, other, 1)
        assert other not in str((watchers._inboxes, watchers._heard, watchers._subscription._channels))
        await asyncio.to_thread(wait_until, lambda: get_redis().pubsub_channels() == [stream_key(one).encode()])
    assert (watchers._inboxes, watchers._heard) == ({}, set())


async def test_whoever_leaves_and_comes_back_at_once_misses_nothing(redis, watchers):
    task_id = new_id()
    for number in range(20):
        async with aclosing(watchers.follow(stream_key(task_id))) as stream:
            seen = [await anext(stream) for _ in range(number)]
            assert await anext(stream) == LOOK_AGAIN
            publish_all(task_id, [number])
            assert [event.data["progress"] async for event in until_number(stream)][-1:] == [number]
    assert numbers_of(seen) == list(range(19))


async def test_a_slow_watcher_holds_up_nobody(redis, watchers):
    task_id = new_id()
    async with aclosing(watchers.follow(stream_key(task_id))) as slow:
        await anext(slow)
        quick = asyncio.create_task(collect(watchers, task_id, EVENTS))
        await asyncio.to_thread(publish_all, task_id, range(EVENTS))
        assert numbers_of(await quick) == list(range(EVENTS))
        assert numbers_of([await anext(slow) for _ in range(EVENTS)]) == list(range(EVENTS))


async def test_a_watcher_that_does_not_read_holds_a_few_events_and_gets_all_of_them_later(redis, watchers):
    task_id = new_id()
    async with aclosing(watchers.follow(stream_key(task_id))) as slow:
        assert await anext(slow) == LOOK_AGAIN
        await asyncio.to_thread(publish_all, task_id, range(EVENTS))
        await collect(watchers, task_id, EVENTS)
        [inbox] = watchers._inboxes[stream_key(task_id)]
        assert (len(inbox._events), inbox.has_gap) == (MOST_WAITING, True)
        publish_all(task_id, [EVENTS])
        assert numbers_of([await anext(slow) for _ in range(EVENTS + 1)]) == list(range(EVENTS + 1))


async def test_what_was_published_while_the_connection_was_lost_is_told_after_it(redis, watchers):
    task_id = new_id()
    async with aclosing(watchers.follow(stream_key(task_id))) as stream:
        assert await anext(stream) == LOOK_AGAIN
        get_redis().client_kill_filter(_type="pubsub")
        assert await anext(stream) == PAUSED
        publish_all(task_id, range(3))
        assert [event.data["progress"] async for event in stream_until(stream, 2)] == [0, 1, 2]


async def test_a_redis_that_hangs_is_away_and_what_it_heard_late_is_told_once(stoppable_redis, watchers, monkeypatch):
    monkeypatch.setattr("funmagic.core.live.subscription.QUIET_S", 0.1)
    task_id = new_id()
    async with aclosing(watchers.follow(stream_key(task_id))) as stream:
        assert await anext(stream) == LOOK_AGAIN
        stoppable_redis.hang()
        assert await anext(stream) == PAUSED
        stoppable_redis.wake()
        publish_all(task_id, range(3))
        assert [event.data["progress"] async for event in stream_until(stream, 2)] == [0, 1, 2]


async def test_silence_is_answered_with_a_sign(redis, watchers, monkeypatch):
    monkeypatch.setattr("funmagic.core.live.watch.SILENCE_S", 0.01)
    async with aclosing(watchers.follow(stream_key(new_id()))) as stream:
        assert [await anext(stream) for _ in range(3)] == [LOOK_AGAIN] * 3


async def test_events_go_on_after_redis_was_flushed(redis, watchers):
    task_id = new_id()
    publish_all(task_id, [0])
    async with aclosing(watchers.follow(stream_key(task_id))) as stream:
        assert (await anext(stream)).data["progress"] == 0
        assert await anext(stream) == LOOK_AGAIN
        get_redis().flushall()
        publish_all(task_id, [1])
        assert (await anext(stream)).data["progress"] == 1


async def test_a_redis_that_is_away_at_the_start_is_said_at_once(stoppable_redis, watchers):
    stoppable_redis.stop()
    with pytest.raises(LiveUpdatesPaused):
        await anext(watchers.follow(stream_key(new_id())))


async def test_an_outage_is_told_and_events_go_on_after_it(stoppable_redis, watchers):
    task_id = new_id()
    async with aclosing(watchers.follow(stream_key(task_id))) as stream:
        assert await anext(stream) == LOOK_AGAIN
        stoppable_redis.stop()
        assert await anext(stream) == PAUSED
        await asyncio.to_thread(stoppable_redis.start)
        publish_all(task_id, [7])
        after = [event async for event in until_number(stream)]
    assert LOOK_AGAIN in after
    assert numbers_of(after[-1:]) == [7]


async def stream_until(stream, number):
    """The events up to this number, signs left out."""
    async for event in stream:
        if event not in SIGNS:
            yield event
            if event.data["progress"] == number:
                return


async def until_number(stream):
    async for event in stream:
        yield event
        if event not in SIGNS:
            return


async def test_a_channel_without_a_stream_says_when_something_was_told(redis, watchers):
    async with aclosing(watchers.listen("a:channel")) as signs:
        assert await anext(signs) == LOOK_AGAIN
        for number in range(3):
            get_redis().publish("a:channel", f"{number} changed")
            assert await anext(signs) == LOOK_AGAIN


async def test_however_much_was_told_meanwhile_is_one_sign(redis, watchers, monkeypatch):
    async with aclosing(watchers.listen("a:channel")) as signs:
        assert await anext(signs) == LOOK_AGAIN
        [inbox] = watchers._inboxes["a:channel"]
        for number in range(MOST_WAITING * 2):
            get_redis().publish("a:channel", f"{number} changed")
        await asyncio.to_thread(wait_until, lambda: inbox.has_gap)
        assert await anext(signs) == LOOK_AGAIN
        get_redis().publish("another:channel", "x changed")
        monkeypatch.setattr("funmagic.core.live.watch.SILENCE_S", 0.01)
        assert await anext(signs) == QUIET


async def test_streams_and_channels_share_one_connection(redis, watchers):
    async with aclosing(watchers.listen("a:channel")) as signs, aclosing(watchers.follow("a:stream")) as events:
        assert (await anext(signs), await anext(events)) == (LOOK_AGAIN, LOOK_AGAIN)
        assert subscriptions() == [2]
    assert (watchers._inboxes, watchers._heard) == ({}, set())


async def test_what_is_told_beside_a_stream_is_a_sign_and_no_event_of_it(redis, watchers):
    task_id = new_id()
    async with aclosing(watchers.follow(stream_key(task_id), beside="a:channel")) as stream:
        assert await anext(stream) == LOOK_AGAIN
        await asyncio.to_thread(wait_until, lambda: "a:channel" in watchers._heard)
        get_redis().publish("a:channel", "x changed")
        assert await anext(stream) == LOOK_ASIDE
        publish_all(task_id, [1])
        [told] = [event async for event in until_event(stream) if event != LOOK_ASIDE]
        assert told.data["progress"] == 1
    assert (watchers._inboxes, watchers._beside, watchers._heard) == ({}, {}, set())


async def test_a_nudge_neither_replaces_another_sign_nor_breaks_a_silence():
    inbox = Inbox()
    inbox._heard_at -= 100
    inbox.nudge(LOOK_ASIDE)
    assert inbox.silence() >= 100
    assert await inbox.take() == [LOOK_ASIDE]
    inbox.set_sign(LOOK_AGAIN)
    inbox.nudge(LOOK_ASIDE)
    assert await inbox.take() == [LOOK_AGAIN]


async def test_one_channel_may_be_listened_to_and_be_beside_a_stream(redis, watchers):
    async with aclosing(watchers.listen("a:channel")) as signs:
        assert await anext(signs) == LOOK_AGAIN
        async with aclosing(watchers.follow("a:stream", beside="a:channel")) as stream:
            assert await anext(stream) == LOOK_AGAIN
        get_redis().publish("a:channel", "x changed")
        assert await anext(signs) == LOOK_AGAIN
    assert (watchers._inboxes, watchers._beside, watchers._heard) == ({}, {}, set())


async def test_who_listens_is_told_of_an_outage_and_to_look_again_after_it(stoppable_redis, watchers):
    async with aclosing(watchers.listen("a:channel")) as signs:
        assert await anext(signs) == LOOK_AGAIN
        stoppable_redis.stop()
        assert await anext(signs) == PAUSED
        await asyncio.to_thread(stoppable_redis.start)
        assert await until_sign(signs, LOOK_AGAIN)
        get_redis().publish("a:channel", "x changed")
        assert await anext(signs) == LOOK_AGAIN


async def test_listening_while_redis_is_away_is_refused_at_once(stoppable_redis, watchers):
    stoppable_redis.stop()
    with pytest.raises(LiveUpdatesPaused):
        await anext(watchers.listen("a:channel"))


async def until_sign(signs, wanted):
    """Whether a sign comes at last."""
    async for sign in signs:
        if sign == wanted:
            return True
    return False


async def until_event(stream):
    """What comes, up to the first event."""
    async for event in stream:
        yield event
        if event not in SIGNS:
            return
