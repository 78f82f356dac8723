"""A task's events from the first to the last, whatever became of the stream: what SSE and the pages follow."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from funmagic.core.db import DATABASE_AWAY, reading
from funmagic.core.live.user_channel import channel_of_user
from funmagic.core.live.watch import LOOK_AGAIN, PAUSED, START, StreamEvent, get_watchers
from funmagic.sessions.service import is_still
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.events import TERMINAL_EVENTS, EventType, find_end, make_event, stream_key

# The id of an end that the stream had lost; whoever resumes from it has heard everything.
TOLD_BY_DATABASE = "end"
EVENT_ID = re.compile(r"([0-9]{1,19})-[0-9]{1,19}")
CLOCKS_DIFFER_S = 60
ASK_AGAIN_S = 1.0


async def follow_task_as(
    viewer: Viewer, token: str | None, task_id: str, after: str = START
) -> AsyncGenerator[StreamEvent, None]:
    """Follow a task until the session is no longer the viewer's; the session is checked before each event.

    It is checked as well when something is published on the viewer's channel, such as the end of a session. While the
    database is away and nobody knows, PAUSED is all that is sent.
    """
    async with aclosing(follow_task(task_id, after, beside=channel_of_user(viewer.id))) as events:
        async for event in events:
            while event is not PAUSED and (is_theirs := await _is_theirs(viewer, token)) is not True:
                if is_theirs is False:
                    return
                yield PAUSED
                await asyncio.sleep(ASK_AGAIN_S)
            yield event


async def follow_task(task_id: str, after: str = START, *, beside: str = "") -> AsyncGenerator[StreamEvent, None]:
    """`connected`, then every event after an id, and always one terminal event, at which it ends.

    Where the stream has lost the end, it is read from the database. The reader's signs pass through. Without a terminal
    event it ends only when this process stops: the client then follows at another one. Raises LiveUpdatesPaused when
    Redis is away at the start.
    """
    yield _event("", task_id, EventType.CONNECTED)
    async with aclosing(get_watchers().follow(stream_key(task_id), after, beside=beside)) as events:
        async for event in events:
            if event in (LOOK_AGAIN, PAUSED) and (end := await asyncio.to_thread(_end_of, task_id)):
                yield end
                return
            yield event
            if event.type in TERMINAL_EVENTS:
                return


async def _is_theirs(viewer: Viewer, token: str | None) -> bool | None:
    """Whether the session is still the viewer's; None while the database cannot say."""
    try:
        return await is_still(viewer, token)
    except DATABASE_AWAY:
        return None


def _end_of(task_id: str) -> StreamEvent | None:
    with reading() as session:
        end = find_end(session, task_id)
    return end and _event(TOLD_BY_DATABASE, task_id, end[0], **end[1])


def _event(id_: str, task_id: str, type_: EventType, **facts: Any) -> StreamEvent:
    return StreamEvent(id_, type_, json.dumps(make_event(task_id, type_, **facts)))


def may_be_an_event(id_: str) -> bool:
    """Whether an event that was published may have this id."""
    numbers = EVENT_ID.fullmatch(id_)
    # Redis begins its ids with the time; clocks differ a little.
    is_past = numbers is not None and int(numbers[1]) <= (time.time() + CLOCKS_DIFFER_S) * 1000
    return id_ == TOLD_BY_DATABASE or is_past


async def has_heard_the_end(task_id: str, last_id: str) -> bool:
    """Whether the event of this id was the terminal one, so that none follows."""
    if last_id == START:
        return False
    if last_id == TOLD_BY_DATABASE:
        return await asyncio.to_thread(_end_of, task_id) is not None
    # Not only the newest event: an end may be told twice.
    event = await get_watchers().find_event(stream_key(task_id), last_id)
    return event is not None and event.type in TERMINAL_EVENTS
