"""Who sees the dashboard: admins, as the database has them now. Every handler authorises itself."""

from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from funmagic import paths
from funmagic.tabs.callers import current_viewer


class DashboardState(rx.State):
    """Who looks at the dashboard, as its frame shows them."""

    is_loaded: bool = False
    is_admin: bool = False
    is_super_admin: bool = False
    # Empty for a visitor.
    name: str = ""
    email: str = ""

    @rx.event
    async def enter(self) -> EventSpec | None:
        """Let admins in, and have visitors sign in first; nobody else finds anything here."""
        viewer = await current_viewer(self)
        self.is_loaded = True
        self.is_admin = bool(viewer and viewer.is_admin)
        self.is_super_admin = bool(viewer and viewer.is_super_admin)
        self.name = viewer.name if viewer else ""
        self.email = viewer.email if viewer else ""
        if viewer is None:
            here = self.router.url
            wanted = here.path + (f"?{here.query}" if here.query else "")
            return rx.redirect(f"{paths.LOGIN}?{urlencode({'next': wanted}, safe='/')}")
        return None
