"""A mail server's address: smtp://user:password@host:587?starttls=required, or the same with smtps and no query."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in, and how: smtps is TLS from the start, smtp turns to TLS when offered, or must."""

    host: str
    port: int
    uses_tls: bool
    must_start_tls: bool
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """The server that an address means; raises ValueError, without the address, for one that means nothing."""
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        is_clean = parts.path in ("", "/") and not parts.fragment and query in ({}, {"starttls": ["required"]})
        try:
            port = parts.port or PORTS[parts.scheme]
        except (KeyError, ValueError):
            port = 0
        if not port or not parts.hostname or not is_clean or bool(parts.username) != bool(parts.password):
            raise ValueError(
                "a mail server is smtp://user:password@host:port, smtps://…, or smtp://…?starttls=required"
            )
        return cls(
            host=parts.hostname,
            port=port,
            uses_tls=parts.scheme == "smtps",
            must_start_tls="starttls" in query,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
