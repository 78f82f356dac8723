"""Crystal Memory in the browser: one run, two steps."""

import reflex as rx

from funmagic.site.runner.live_state import LiveState
from funmagic.site.runner.state import RunState
from funmagic.site.tools.crystal_memory.tool import KIND


class CrystalMemoryState(RunState, LiveState, rx.State):
    """The run on this tab's stage."""

    _slug: str = KIND.name
