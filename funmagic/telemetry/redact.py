"""Keeps secrets out of what is logged, whoever wrote the text."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from structlog.typing import EventDict, WrappedLogger

from funmagic.settings import Settings, get_settings

HIDDEN = "[redacted]"
# A shorter setting is no secret worth the name, and would be found in innocent text.
SHORTEST_SECRET = 8
SECRET_NAMES = re.compile(r"cookie|authorization|password|secret|token|api_?key|credential|signature", re.IGNORECASE)
PATTERNS = (
    # Addresses with a query may be signed, and mailed ones carry tokens.
    (re.compile(r"(https?://[^\s\"'<>?]+|/[\w./%-]+)\?[^\s\"'<>)]+"), rf"\1?{HIDDEN}"),
    (re.compile(r"(\w://[^\s/:@\"']*):[^\s/@\"']+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"\b([Bb]earer|[Bb]asic|Key)\s+[\w.~+/:=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(fm_session|x-amz-[\w-]+|signature|\w+_token)=[^\s&;\"']+", re.IGNORECASE), rf"\1={HIDDEN}"),
    # What a statement was called with: hashes, emails, whatever a row holds.
    (re.compile(r"\[parameters: .*\]"), f"[parameters: {HIDDEN}]"),
    (re.compile(r"\b(sk|rk|pk|whsec|tsk|AIza)[-_]?[\w-]{16,}"), HIDDEN),
)

# One of these is in whatever a pattern finds; most text has none, and is looked through once.
TELLTALE = re.compile(r"[?@=\[\s]|(?:sk|rk|pk|whsec|tsk|AIza)[-_]?[\w-]{16}")


def hide_secrets(text: str) -> str:
    """The text without signed queries, tokens, keys, and the secrets among our settings."""
    for secret in _configured_secrets():
        text = text.replace(secret, HIDDEN)
    if not TELLTALE.search(text):
        return text
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def hide_secrets_of_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A log line's fields without secrets; a text whose name says that it is secret is blanked.

    Before the line is encoded, so that what is hidden can never swallow a quote and break it.
    """
    return {name: _without_secrets(name, value) for name, value in event.items()}


def _without_secrets(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _without_secrets(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(name, item) for item in value]
    return hide_secrets(value if isinstance(value, str) else repr(value))


@lru_cache
def _configured_secrets() -> tuple[str, ...]:
    return tuple(sorted(_secrets_of(get_settings()), key=len, reverse=True))


def _secrets_of(settings: Settings) -> Iterable[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        texts = text.split(",") if isinstance(value, SecretStr) else []
        if "://" in text:
            texts.append(urlsplit(text).password or "")
        yield from (text for text in texts if len(text) >= SHORTEST_SECRET)
