"""No request leads into our own network, however its address is written."""

import gzip
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import AddressRefused, AnswerRefused, check_address, guarded_client, resolve_address
from funmagic.core.settings import get_settings


class RawServer:
    """A server on loopback that answers every connection with the same bytes, and then stays or says no more."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.asked: list[bytes] = []
        self.stays = False
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.asked.append(connection.recv(65536))
            connection.sendall(self.answer)
            self._open.append(connection)
            if not self.stays:
                connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    server = RawServer()
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", f"127.0.0.1:{server.port}")
    yield server
    server.close()


def get(url: str, *, within_s: float = 5, max_bytes: int = 1000, **options: object) -> bytes:
    with guarded_client(within_s=within_s, max_bytes=max_bytes, **options) as client:
        return client.get(url).content


FORBIDDEN = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://0.0.0.0/",
    "http://100.64.0.1/",
    "http://user:password@example.com/",
    "http://example.com:22/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
    "http://",
    "",
    "nonsense",
    "http://exa mple.com/",
]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_an_address_that_leads_inside_or_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(url)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_no_request_is_sent_to_a_forbidden_address(url: str) -> None:
    with pytest.raises((SSRFGuardError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
        get(url)


@pytest.mark.parametrize("url", ["https://queue.fal.run", "http://example.com/a", "https://8.8.8.8/"])
def test_a_public_address_passes(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize("url", ["http://localhost/", "http://0x7f000001/"])
def test_a_name_that_leads_inside_is_refused_when_it_is_looked_up(url: str) -> None:
    check_address(url)
    with pytest.raises(AddressRefused):
        resolve_address(url)
    with pytest.raises(SSRFGuardError):
        get(url)


def test_a_name_that_nobody_knows_passes_until_it_is_used() -> None:
    resolve_address("http://nobody.invalid/")


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{port}", "example.com, 127.0.0.1"])
def test_a_host_that_the_operator_allows_is_reached(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", allowed.format(port=server.port))
    check_address(f"http://127.0.0.1:{server.port}/")
    assert get(f"http://127.0.0.1:{server.port}/") == b"ok"


@pytest.mark.parametrize("allowed", ["", "127.0.0.1:1", "127.0.0.2", "example.com"])
def test_allowing_one_host_allows_no_other(server: RawServer, monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", allowed)
    with pytest.raises(SSRFGuardError):
        get(f"http://127.0.0.1:{server.port}/")
    assert server.asked == []


def test_a_name_is_allowed_by_name_and_not_by_its_address(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "localhost")
    assert get(f"http://localhost:{server.port}/") == b"ok"
    with pytest.raises(SSRFGuardError):
        get(f"http://127.0.0.1:{server.port}/")


@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/", "http://127.0.0.1:1/", "http://[::1]/", "file:///etc/passwd"]
)
def test_a_redirect_inside_is_not_followed(server: RawServer, to: str) -> None:
    server.answer = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises((SSRFGuardError, httpx.UnsupportedProtocol)):
        get(f"http://127.0.0.1:{server.port}/", follow_redirects=True)
    assert len(server.asked) == 1


def test_redirects_in_a_circle_end_soon(server: RawServer) -> None:
    server.answer = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(httpx.TooManyRedirects):
        get(f"http://127.0.0.1:{server.port}/", follow_redirects=True)
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "head", [b"Content-Length: 2000\r\n", b"", b"Transfer-Encoding: chunked\r\n"], ids=["told", "untold", "chunked"]
)
def test_a_large_answer_is_not_read_to_its_end(server: RawServer, head: bytes) -> None:
    body = b"7d0\r\n" + bytes(2000) + b"\r\n0\r\n\r\n" if b"chunked" in head else bytes(2000)
    server.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + head + b"\r\n" + body
    with pytest.raises(AnswerRefused):
        get(f"http://127.0.0.1:{server.port}/")


def test_an_answer_that_unpacks_to_something_large_is_not_unpacked(server: RawServer) -> None:
    bomb = gzip.compress(bytes(10_000_000))[:900]
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    server.answer = b"HTTP/1.1 200 OK\r\n" + head + bomb
    with pytest.raises(AnswerRefused):
        get(f"http://127.0.0.1:{server.port}/")
    assert b"Accept-Encoding: identity" in server.asked[0]


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: 1\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"]
)
def test_an_answer_that_stops_half_way_ends_at_the_deadline(server: RawServer, answer: bytes) -> None:
    server.answer, server.stays = answer, True
    with pytest.raises(httpx.ReadTimeout):
        get(f"http://127.0.0.1:{server.port}/", within_s=0.2)


def test_a_client_whose_time_is_over_asks_nothing(server: RawServer) -> None:
    with guarded_client(within_s=0, max_bytes=1000) as client, pytest.raises(httpx.ConnectTimeout):
        client.get(f"http://127.0.0.1:{server.port}/")
    assert server.asked == []


def test_no_proxy_of_the_environment_comes_between(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert get(f"http://127.0.0.1:{server.port}/") == b"ok"
