"""The tabs of one browser, which show one viewer."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class SessionWatch(rx.Component):
    """Shows nothing; loads the page anew when this browser's session is no longer the one that the page shows."""

    library = wrapped_source("page/session_watch.jsx")
    tag = "SessionWatch"

    is_loaded: rx.Var[bool]
    # The email that the page shows; empty for nobody.
    viewer: rx.Var[str]
    # The pages that are never loaded anew.
    stays_on: rx.Var[list[str]]


session_watch = SessionWatch.create
