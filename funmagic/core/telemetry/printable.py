"""Makes text fit to be printed: short, in one line, and with no character that moves, colours or turns what is read."""

import re

# The C0 and C1 controls, separators of lines, what sets a direction or is invisible, and halves of characters.
CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)


def escape_controls(text: str) -> str:
    r"""The text with every control character as Python would write it, such as `\n` and `\x1b`."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def shorten(text: str, longest: int) -> str:
    """The beginning that fits into so many bytes once it is encoded, be it as JSON."""
    kept = text[: max(longest, 0)]
    while (size := len(kept.encode(errors="replace")) + kept.count("\\") + kept.count('"')) > longest > 0:
        kept = kept[: len(kept) * longest // size]
    return kept
