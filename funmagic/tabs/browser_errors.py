"""What browsers say went wrong in them: noted in the log, and looked at for what loading the page anew mends."""

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
    """Log what a browser says; it may say anything, and the log treats it so."""
    log.warning("browser_failed", said=str(exception))
