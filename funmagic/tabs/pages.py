"""Whether a browser holds a tab's socket, and the event that loads the tab's page anew."""

from reflex.state import OnLoadInternalState
from reflex.utils.prerequisites import get_app

load_page = OnLoadInternalState.on_load_internal


def is_open(tab: str) -> bool:
    """Whether a browser holds the tab's socket; a background event that outlives it must check by itself."""
    namespace = get_app().app.event_namespace
    return namespace is not None and tab in namespace.token_to_sid
