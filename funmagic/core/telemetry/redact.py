"""Keeps secrets out of what is logged, whoever wrote the text."""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr

from funmagic.core.settings import Settings, get_settings

HIDDEN = "[redacted]"
# Nobody reads as much of one text, and clients write them: what is longer is cut before any pattern sees it.
LOOKED_AT = 4000
# A word that the cut goes through is left out, for it may be half a secret; a longer one loses so much of its end.
CUT_OFF_WORD = 500
# A shorter setting is no secret worth the name, and would be found in innocent text.
SHORTEST_SECRET = 8

# Every repetition below is possessive, bounded, or cannot begin anew within what it has seen: the work stays linear.
WORDS = (
    r"pass(?:word|wd|phrase|code)|\bpwd|secret|token|credential|signature|fm_session|csrf|jwt|input_value"
    r"|(?:api|access|private|encryption|signing)[-_ ]?key|(?<![a-z])(?:pass|auth|otp|pin)(?![a-z])"
)
QUOTE = r"(?:\\{0,9}+(?:\"\"\"|'''|[\"'`])|\\{1,9}+u002[27]|%2[27]|&quot;|&apos;|&\#3[49];|&\#x2[27];)"
HEADERS = "cookie|authorization"
WHOLE = "router_data|payload|form_data|event data"
SECRET_NAMES = re.compile(rf"{WORDS}|{HEADERS}|{WHOLE}", re.IGNORECASE)
NAMED = re.compile(
    rf"""(?P<name>(?:(?P<header>{HEADERS})|{WORDS})[\w.-]{{0,40}}+(?:\[\w{{0,20}}\])?)
    (?:
        {QUOTE}?[\])]?\s{{0,9}}+(?:(?P<call>\((?!\)))|[-=]>|(?P<colon>:(?!=)|%3a)|:=|={{1,3}}|>|%3d)
        | {QUOTE}[\])]?\s{{0,9}}+(?:,\s{{0,9}}+)?{QUOTE}?(?:(?:with[ ])?val(?:ue)?\b{QUOTE}?\s{{0,9}}+[:=]?)
        | \s{{1,9}}(?={QUOTE})
        | {QUOTE}\s{{0,9}}+,(?=\s{{0,9}}+(?:[bru]{{0,2}}+{QUOTE}|[\[({{]))
    )\s{{0,9}}+
    (?:
        (?(call)[^\n\r]*+|(?!))                           # its arguments
        | [brfu]{{0,2}}+(?P<open>{QUOTE})(?:(?!(?<!\\)(?P=open)).)*+(?:(?P=open))?   # quoted
        | [\[({{].*+                                    # of many parts: where they end is anybody's guess
        | (?(header)[^\n\r]*+|(?(colon)[^\n\r]*+|[^\s&]*+))
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Whole events and forms, whatever their parts are called.
    (
        re.compile(rf"({WHOLE}|with value){QUOTE}?\s{{0,9}}+(?:[:=]|(?<=with value )).*+", re.IGNORECASE | re.DOTALL),
        rf"\1={HIDDEN}",
    ),
    (NAMED, rf"\g<name>={HIDDEN}"),
    # Addresses with a query may be signed, and mailed ones carry tokens.
    (re.compile(r"(?<=[^\s?])\?(?!\?)[^\s\"'<>)]++"), f"?{HIDDEN}"),
    (re.compile(r"://[^\s/?#\"'<>]*@"), f"://{HIDDEN}@"),
    (re.compile(r"\b([Bb]earer|BEARER|[Bb]asic|BASIC|Digest|Token|Key)\s++[\w.~+/:=-]{8,}+"), rf"\1 {HIDDEN}"),
    # What a statement was called with, and what a row holds: hashes, emails, whatever there is.
    (re.compile(r"\[parameters: [^\n]*+"), f"[parameters: {HIDDEN}]"),
    (re.compile(r"(Failing row contains |Key \([^()\n]{0,200}+\)=|parameter \$\d{1,9}+ = )[^\n]*+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:sk|rk|pk|whsec|tsk|AIza)[-_]?[\w-]{16,}+"), HIDDEN),
    (re.compile(r"\beyJ[\w-]{10,}+\.[\w.-]++"), HIDDEN),
)

# Most texts are one of our own names, numbers, times, paths or ids: no pattern need look at them.
INNOCENT = re.compile(
    r"[a-z_.]{1,60}|[A-Z]{1,10}|[\d.:TZ+-]{1,40}|(?:/[a-z\d_-]{1,36}){1,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def hide_secrets(text: str) -> str:
    """The text, or its beginning, without signed queries, keys, what is named like a secret, and our settings."""
    seen = text if len(text) <= LOOKED_AT else _cut(text)
    for secret in _configured_secrets():
        seen = seen.replace(secret, HIDDEN)
    if not INNOCENT.fullmatch(seen):
        for pattern, replacement in PATTERNS:
            seen = pattern.sub(replacement, seen)
    return seen


def _cut(text: str) -> str:
    seen = text[:LOOKED_AT]
    words = seen.rsplit(maxsplit=1)
    last = len(words[-1]) if len(words) > 1 else len(seen)
    return seen[: len(seen) - min(last, CUT_OFF_WORD)]


@lru_cache
def _configured_secrets() -> tuple[str, ...]:
    found = {form for text in _secrets_of(get_settings()) for form in (text, quote(text, safe=""), unquote(text))}
    return tuple(sorted((form for form in found if len(form) >= SHORTEST_SECRET), key=len, reverse=True))


def _secrets_of(settings: Settings) -> Iterable[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        yield from text.split(",") if isinstance(value, SecretStr) else []
        if "://" in text:
            yield urlsplit(text).password or ""
