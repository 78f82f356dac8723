"""The limits of open connections, at a real server that allows few."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.clients import new_client

Visit = Callable[[str, Viewer], httpx.Client]
MOST = 3


@pytest.fixture(scope="module")
def strict_server(serve: Callable[..., str]) -> str:
    """The address of a server that allows few connections of each kind."""
    return serve(FUNMAGIC_STREAMS_PER_USER=str(MOST), FUNMAGIC_REQUESTS_PER_ADDRESS=str(MOST))


def begin_request(address: str) -> socket.socket:
    """A request that is never finished."""
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port))
    connection.sendall(
        b"POST /api/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    return connection


def status_of(client: httpx.Client, path: str) -> int:
    return client.get(path).status_code


def test_a_user_follows_so_many_runs_and_no_more_until_one_ends(
    strict_server: str, visit: Visit, alice: Viewer, bob: Viewer, redis: None
) -> None:
    client, run = visit(strict_server, alice), factories.submit(alice).id
    path = f"/api/tasks/{run}/stream"
    with ExitStack() as stack:
        streams = [stack.enter_context(client.stream("GET", path)) for _ in range(MOST)]
        assert [stream.status_code for stream in streams] == [200] * MOST
        # From another of her browsers it is the same.
        refused = visit(strict_server, alice).get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "TOO_MANY_CONNECTIONS")
        assert int(refused.headers["retry-after"]) > 0
        his = factories.submit(bob).id
        assert stack.enter_context(visit(strict_server, bob).stream("GET", f"/api/tasks/{his}/stream")).is_success
        streams[0].close()
        factories.wait_until(lambda: _is_open(client, path))


def _is_open(client: httpx.Client, path: str) -> bool:
    with client.stream("GET", path) as stream:
        return stream.status_code == 200


def test_unfinished_requests_keep_others_of_the_address_out_only_while_they_last(
    strict_server: str, db: None, redis: None
) -> None:
    client = new_client(base_url=strict_server)
    with ExitStack() as unfinished:

        def is_full() -> bool:
            # One by one: a request of ours may have the last seat when another comes.
            unfinished.enter_context(begin_request(strict_server))
            return status_of(client, "/api/tools") == 429

        factories.wait_until(is_full)
        assert status_of(client, "/healthz") == 200
    factories.wait_until(lambda: status_of(client, "/api/tools") == 200)
