"""What is told of a run to the tab that shows it, whatever is away meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from funmagic.core.db import DATABASE_AWAY
from funmagic.core.errors import LiveUpdatesPaused
from funmagic.core.live.watch import PAUSED, StreamEvent
from funmagic.sessions.service import is_still
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.events import TERMINAL_EVENTS
from funmagic.tasks.stream import follow_task_as

log = structlog.get_logger()

PAUSE_S = 2.0
LOOK_UP = StreamEvent("", "look_up")


async def follow_run(viewer: Viewer, token: str | None, task_id: str) -> AsyncGenerator[StreamEvent, None]:
    """The events of a run while its viewer is signed in; the end is told anew until the caller has shown it and stops.

    LOOK_UP says that live updates pause, and the database knows how far the run is; PAUSED that nobody knows.
    """
    while True:
        has_ended = False
        try:
            async with aclosing(follow_task_as(viewer, token, task_id)) as events:
                async for event in events:
                    has_ended = event.type in TERMINAL_EVENTS
                    yield event
            if not has_ended:
                return
        except LiveUpdatesPaused:
            if (sign := await _sign_for(viewer, token)) is None:
                return
            yield sign
        except DATABASE_AWAY as error:
            log.warning("follower_lost_database", task_id=task_id, error=str(error))
            yield PAUSED
        await asyncio.sleep(PAUSE_S)


async def _sign_for(viewer: Viewer, token: str | None) -> StreamEvent | None:
    """Who may be told what while live updates pause; None for whoever is signed out."""
    try:
        return LOOK_UP if await is_still(viewer, token) else None
    except DATABASE_AWAY:
        return PAUSED
