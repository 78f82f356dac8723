"""Requests to addresses that admins and providers name: never into our own network, never too long, never too large."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

import httpcore
import httpx
import ssrfguard
from ssrfguard import Policy, SSRFGuardError
from ssrfguard.httpx import SafeBackend, SafeTransport

from funmagic.core.settings import get_settings

REDIRECT_LIMIT = 3
WRITE_BYTES = 64 * 1024
HOW_TO_ALLOW = "If it is meant to be reached, name its host or host:port in FUNMAGIC_ALLOWED_PRIVATE_HOSTS."
PUBLIC_POLICY = Policy()
EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class AddressRefused(Exception):
    """The address is not http(s), or leads into a network that the operator did not allow."""


class AnswerRefused(httpx.TransportError):
    """The answer is larger than allowed, or packed so that its size cannot be told."""


def check_address(url: str) -> None:
    """Raise AddressRefused for an address that no request may go to, as far as can be told without looking it up."""
    try:
        policy_for(httpx.URL(url)).check_url(url)
    except (SSRFGuardError, httpx.InvalidURL) as error:
        raise AddressRefused(f"{error}. {HOW_TO_ALLOW}") from None


def resolve_address(url: str) -> None:
    """Like `check_address`, and also ask the name servers where it leads; a name they do not know passes for now."""
    check_address(url)
    policy = policy_for(httpx.URL(url))
    try:
        ssrfguard.resolve(policy.check_url(url), policy=policy)
    except SSRFGuardError as error:
        raise AddressRefused(f"{error}. {HOW_TO_ALLOW}") from None
    except OSError:
        return


def guarded_client(*, within_s: float, max_bytes: int, **options: Any) -> httpx.Client:
    """An HTTP client that connects to the address it checked; all it does must end within so many seconds.

    Raises, besides httpx's own errors, SSRFGuardError for a forbidden address and AnswerRefused for a large answer.
    """
    headers = {"Accept-Encoding": "identity", **options.pop("headers", {})}
    transport = _GuardedTransport(time.monotonic() + within_s, max_bytes)
    return httpx.Client(
        transport=transport,
        timeout=within_s,
        trust_env=False,
        max_redirects=REDIRECT_LIMIT,
        headers=headers,
        **options,
    )


def policy_for(url: httpx.URL) -> Policy:
    """What may be reached at this host: public addresses, or anything at a host (or host:port) the operator allows."""
    private_hosts = get_settings().private_hosts
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    if port and private_hosts & {url.host, f"{url.host}:{port}", f"[{url.host}]:{port}"}:
        return Policy(allowed_networks=EVERYWHERE, allowed_ports=frozenset({port}))
    return PUBLIC_POLICY


class _GuardedTransport(httpx.BaseTransport):
    """Checks every request, and so every hop of a redirect, by the policy of its host; counts what is answered."""

    def __init__(self, deadline: float, max_bytes: int) -> None:
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._transports: dict[bytes, _PunctualTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by the policy of its host."""
        host = request.url.netloc
        if host not in self._transports:
            self._transports[host] = _PunctualTransport(policy_for(request.url), self._deadline)
        response = self._transports[host].handle_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise AnswerRefused("the answer is compressed, though we did not ask for it")
        response.stream = _CountedStream(response.stream, self._max_bytes)
        return response

    def close(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            transport.close()


class _CountedStream(httpx.SyncByteStream):
    def __init__(self, stream: Any, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise AnswerRefused("the answer is larger than allowed")
            yield chunk

    def close(self) -> None:
        """Stop reading."""
        self._stream.close()


class _PunctualTransport(SafeTransport):
    def __init__(self, policy: Policy, deadline: float) -> None:
        super().__init__(policy=policy, verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_PunctualBackend(policy, deadline))


class _PunctualBackend(SafeBackend):
    """Opens connections whose every wait ends at the deadline, however slowly bytes drip in."""

    def __init__(self, policy: Policy, deadline: float) -> None:
        super().__init__(policy=policy)
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a checked address, while there is time."""
        if self._left() <= 0:
            raise httpcore.ConnectTimeout("no time is left")
        allowed = min(timeout or self._left(), self._left())
        return _PunctualStream(super().connect_tcp(host, port, allowed, local_address, socket_options), self._left)

    def _left(self) -> float:
        return self._deadline - time.monotonic()


class _PunctualStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes, while there is time."""
        if self._left() <= 0:
            raise httpcore.ReadTimeout("the answer took too long")
        return self._stream.read(max_bytes, min(timeout or self._left(), self._left()))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes, while there is time."""
        for start in range(0, len(buffer), WRITE_BYTES):
            if self._left() <= 0:
                raise httpcore.WriteTimeout("sending took too long")
            wait = min(timeout or self._left(), self._left())
            self._stream.write(buffer[start : start + WRITE_BYTES], wait)

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """Go on encrypted, with the same deadline."""
        return _PunctualStream(self._stream.start_tls(*args, **kwargs), self._left)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()


@lru_cache
def _tls() -> Any:
    # Reading the certificates takes longer than most requests.
    return httpx.create_ssl_context(trust_env=False)
