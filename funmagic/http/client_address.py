"""Whose address a request comes from, when proxies stand in front."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from funmagic.core.settings import LOOPBACK_NAMES, get_settings


def client_address(scope: Scope) -> str | None:
    """The client's IP address: the peer's, or what the outermost trusted proxy saw; None on a unix socket.

    Each proxy appends the address it was called from to X-Forwarded-For, so with n trusted ones the nth from the right
    is true, and everything left of it is hearsay. A header too short did not pass them all, and counts for nothing.
    """
    peer = scope["client"][0] if scope.get("client") else None
    hops = get_settings().trusted_proxy_hops
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    if hops < 1 or len(forwarded) < hops:
        return peer
    return _address_in(forwarded[-hops]) or peer


def tab_address(headers: Mapping[str, str]) -> str | None:
    """The client's IP address behind a tab's websocket: Reflex puts the peer's own among the headers."""
    lines = [(b"x-forwarded-for", value.encode()) for name, value in headers.items() if name == "x-forwarded-for"]
    peer = headers.get("asgi-scope-client")
    return client_address({"type": "websocket", "client": (peer, 0) if peer else None, "headers": lines})


def is_this_machine(scope: Scope) -> bool:
    """Whether a request comes from this machine itself, and asks for it by a name of ours.

    A page elsewhere may have its own name point at this machine; the browser then says that name.
    """
    host, _, port = Headers(scope=scope).get("host", "").lower().rpartition(":")
    if not (host and port.isdecimal()):
        host = Headers(scope=scope).get("host", "").lower()
    own_names = {*LOOPBACK_NAMES, "[::1]", urlsplit(get_settings().public_url).hostname}
    return host in own_names and is_loopback(scope)


def is_loopback(scope: Scope) -> bool:
    """Whether a request comes from this machine itself, through no proxy."""
    address = _address_in(client_address(scope) or "")
    has_proxy = any(name in Headers(scope=scope) for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    return address is not None and ip_address(address).is_loopback and not has_proxy


def _address_in(text: str) -> str | None:
    """The address in one hop's entry, which may have a port and an IPv6 address brackets."""
    text = text.strip()
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
