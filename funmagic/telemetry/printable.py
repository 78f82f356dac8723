"""Makes text fit to be printed in one line: what would move the cursor, colour, or turn the reading round is spelt out."""

import re

# The C0 and C1 controls, line and paragraph separators, what sets a direction or is invisible, and halves of characters.
CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)


def escape_controls(text: str) -> str:
    """The text with every control character as Python would write it, such as `\\n` and `\\x1b`."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
