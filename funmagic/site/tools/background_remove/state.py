"""Background Remove in the browser: one run, one step."""

import reflex as rx

from funmagic.site.runner.live_state import LiveState
from funmagic.site.runner.state import RunState
from funmagic.site.tools.background_remove.tool import KIND


class BackgroundRemoveState(RunState, LiveState, rx.State):
    """The run on this tab's stage."""

    _slug: str = KIND.name
