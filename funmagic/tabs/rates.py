"""Rate limits of the websocket: each event that acts for a user counts as a request does, and once."""

from collections import OrderedDict

import reflex as rx
from reflex_base.event.context import EventContext

from funmagic.http.client_address import tab_address
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import Hit, count_hits, serve_address
from funmagic.sessions.viewer import Viewer

# Of this process, the newest last; forgetting one too early counts what it sets off a second time.
MOST_EVENTS = 10_000
_counted: OrderedDict[str, None] = OrderedDict()


async def limit_event(state: rx.State, viewer: Viewer | None) -> None:
    """Count the event that a tab has sent for its viewer, unless that is done; raises TooManyRequests.

    What handlers set off themselves, such as showing anew what has changed, is a part of the event that they handled.
    """
    serve_address(tab_address(state.router.headers.raw_headers))
    if viewer is None or _is_counted():
        return
    for count in await count_hits([Hit(Category.USER_API, viewer.id, viewer.lifetime_purchased)]):
        count.check()


def _is_counted() -> bool:
    """Whether this event, or the one that set it off, was counted; from now on this one is."""
    try:
        event = EventContext.get()
    except LookupError:  # called by hand
        return False
    is_counted = event.txid in _counted or event.parent_txid in _counted
    _counted[event.txid] = None
    _counted.move_to_end(event.txid)
    if len(_counted) > MOST_EVENTS:
        _counted.popitem(last=False)
    return is_counted
