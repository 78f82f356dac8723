"""Background Remove in the browser: one run, one step."""

import reflex as rx

from funmagic.site.runner.state import RunState

SLUG = "background-remove"


class BackgroundRemoveState(RunState, rx.State):
    """The run on this tab's stage."""

    _slug: str = SLUG
