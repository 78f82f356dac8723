"""The page in a tab, as Reflex's server knows it: whether a browser shows it, and the event that loads it anew."""

from reflex.state import OnLoadInternalState
from reflex.utils.prerequisites import get_app

load_page = OnLoadInternalState.on_load_internal


def is_open(tab: str) -> bool:
    """Whether a browser holds the other end; a follower that no page has started outlives its socket unseen."""
    namespace = get_app().app.event_namespace
    return namespace is not None and tab in namespace.token_to_sid
