"""An expected wait in words."""

from funmagic.i18n.translate import _, n_
from funmagic.tasks.waits import Wait

A_FEW_S = 8
A_MINUTE_S = 50


def describe_wait(wait: Wait) -> str:
    """How many runs come first, and how long it usually takes; nothing of what is not known."""
    ahead = n_("{number} run before yours", "{number} runs before yours", wait.ahead) if wait.ahead > 0 else ""
    if wait.seconds is None:
        return ahead
    duration = _duration(wait.seconds)
    if ahead:
        return _("{ahead} · usually {duration}", ahead=ahead, duration=duration)
    return _("Usually {duration}", duration=duration)


def _duration(seconds: int) -> str:
    if seconds < A_FEW_S:
        return _("a few seconds")
    if seconds < A_MINUTE_S:
        return n_("about {number} second", "about {number} seconds", max(round(seconds / 5) * 5, 10))
    return n_("about a minute", "about {number} minutes", max(round(seconds / 60), 1))
