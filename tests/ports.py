"""Ports for the servers that tests start, and whether a server answers at one."""

import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server of this machine answers well; asked without a client that would read certificates first."""
    address = urlsplit(url)
    connection = HTTPConnection(address.netloc, timeout=5)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status < 400
    finally:
        connection.close()
