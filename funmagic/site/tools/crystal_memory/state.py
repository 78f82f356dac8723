"""Crystal Memory in the browser: one run, two steps."""

import reflex as rx

from funmagic.site.runner.state import RunState

SLUG = "crystal-memory"


class CrystalMemoryState(RunState, rx.State):
    """The run on this tab's stage."""

    _slug: str = SLUG
