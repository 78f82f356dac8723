"""Follows a viewer's credits: reads them again whenever a change of theirs is published."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog

from funmagic.core.db import DATABASE_AWAY, read
from funmagic.core.errors import LiveUpdatesPaused
from funmagic.core.live.user_channel import channel_of_user
from funmagic.core.live.watch import LOOK_AGAIN, get_watchers
from funmagic.credits.service import get_balance
from funmagic.credits.views import Balance
from funmagic.sessions.service import read_viewer
from funmagic.sessions.viewer import Viewer

log = structlog.get_logger()

PAUSE_S = 2.0
# A burst of changes is looked up at its start and at its end.
BREATH_S = 0.25


async def follow_balance(
    viewer: Viewer, token: str | None, is_wanted: Callable[[], bool]
) -> AsyncGenerator[Balance | None, None]:
    """Yield the viewer's balance now, after every change, and after every outage.

    It yields None and ends once the viewer has changed, such as by signing out, confirming their email or becoming an
    admin. It also ends when it is not wanted any more, and with this process.
    """
    while is_wanted():
        try:
            async with aclosing(get_watchers().listen(channel_of_user(viewer.id))) as signs:
                async for sign in signs:
                    if sign is LOOK_AGAIN:
                        if await _has_changed(viewer, token):
                            yield None
                            return
                        yield await read(get_balance, viewer)
                        await asyncio.sleep(BREATH_S)
                    elif not is_wanted():
                        return
        except LiveUpdatesPaused:
            pass  # what was shown stays until Redis is back
        except DATABASE_AWAY as error:
            log.warning("balance_not_looked_up", error=str(error))
        else:
            return
        await asyncio.sleep(PAUSE_S)


async def _has_changed(viewer: Viewer, token: str | None) -> bool:
    now = await read_viewer(token)
    return now is None or _as_shown(now) != _as_shown(viewer)


def _as_shown(viewer: Viewer) -> tuple[str, str, str, bool, bool]:
    return viewer.id, viewer.email, viewer.name, viewer.is_verified, viewer.is_admin
