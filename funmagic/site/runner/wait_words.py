"""An expected wait in words."""

from funmagic.i18n.translate import _
from funmagic.tasks.waits import Wait

A_FEW_S = 8
A_MINUTE_S = 50


def describe_wait(wait: Wait) -> str:
    """How many runs come first, and how long it usually takes; nothing of what is not known."""
    words = " · ".join(part for part in (_ahead(wait.ahead), _duration(wait.seconds)) if part)
    return words[:1].upper() + words[1:]


def _ahead(ahead: int) -> str:
    if ahead < 1:
        return ""
    return _("1 run before yours") if ahead == 1 else _("{count} runs before yours", count=ahead)


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds < A_FEW_S:
        return _("usually a few seconds")
    if seconds < A_MINUTE_S:
        return _("usually about {seconds} seconds", seconds=max(round(seconds / 5) * 5, 10))
    minutes = max(round(seconds / 60), 1)
    return _("usually about a minute") if minutes == 1 else _("usually about {minutes} minutes", minutes=minutes)
