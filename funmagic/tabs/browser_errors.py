"""Logs the errors that browsers report, and sets which of them make a browser load the page anew."""

import re

import structlog
from reflex.state import FrontendEventExceptionState

log = structlog.get_logger()

# What a page that is older than the server stumbles over, in Chromium, Safari and Firefox. Reflex's own patterns are
# the same without limits: one event of the longest kind would keep a process busy for minutes.
FrontendEventExceptionState.auto_reload_on_errors = [
    re.compile("TypeError: (?:Cannot read properties of null|null is not an object)"),
    re.compile('TypeError: can\'t access property "[^"\n]{0,200}+"(?: of null|, [^\n]{0,200}? is null)'),
]


def log_browser_error(exception: Exception) -> None:
    """Log an error that a browser reports; its text is the browser's own and not trusted."""
    log.warning("browser_failed", said=str(exception))
