"""The words in a rendered component that people see and no translation has gone through."""

import json
import re
from collections.abc import Iterator
from typing import Any

OPEN, CLOSE = "⟦", "⟧"
# Only machines read these; every other prop counts as seen, so that a new one with words in it is not overlooked.
UNSEEN = {
    *("accept", "action", "adds", "after", "afterSet", "as", "autoComplete", "before", "beforeSet", "checked"),
    *("className", "css", "d", "dateTime", "fill", "height", "href", "htmlFor", "id", "inputMode", "key", "kind"),
    *("loading", "method", "name", "names", "popover", "popoverTarget", "ref", "rel", "role", "scope", "sizes", "src"),
    *("stashKey", "staysOn", "stroke", "style", "target", "thumb", "to", "type", "url", "value", "viewBox", "width"),
    *("aria-controls", "aria-current", "aria-describedby", "aria-hidden", "aria-labelledby", "aria-live"),
}
# Of what styles and scripts read, a heading is shown beside its cell on a phone.
UNSEEN_KINDS = re.compile(r"on[A-Z]|data-(?!heading)")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
ENTRY = re.compile(r'\["([^"]*)"\]( : "(?:[^"\\]|\\.)*")?')
COMPARED = re.compile(r'([=!]==? *|JSON\.stringify\()"(?:[^"\\]|\\.)*"')
ADDRESS = re.compile(r"/[\w/.?=-]*")
TRANSLATED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")


def untranslated(rendered: Any) -> set[str]:
    """What is left of a component's words when the translated ones are taken away."""
    found = {piece for expression in _seen(rendered) for piece in leftovers(_literals(expression))}
    return {piece for piece in found if not ADDRESS.fullmatch(piece)}


def leftovers(text: str) -> list[str]:
    """The lines with letters in them outside of all marks of translation."""
    while text != (rest := TRANSLATED.sub("", text)):
        text = rest
    return [line.strip() for line in text.splitlines() if re.search(r"[^\W\d_]", line)]


def _literals(expression: str) -> str:
    """The texts of a JavaScript expression, in their order: a translation with values in it is in several pieces."""
    shown = ENTRY.sub(lambda entry: "" if entry[1] in UNSEEN else entry[2] or "", COMPARED.sub("", expression))
    return "\n".join(json.loads(literal) for literal in LITERAL.findall(shown))


def _seen(rendered: Any) -> Iterator[str]:
    if isinstance(rendered, list | tuple):
        for part in rendered:
            yield from _seen(part)
    if isinstance(rendered, dict):
        yield rendered.get("contents", "")
        yield from (part for prop in rendered.get("props", ()) if (part := _seen_prop(prop)))
        yield from _seen([part for name, part in rendered.items() if name not in ("contents", "props")])


def _seen_prop(prop: str) -> str:
    name, _, expression = prop.partition(":")
    name = name.strip('"')
    return "" if name in UNSEEN or UNSEEN_KINDS.match(name) else expression
