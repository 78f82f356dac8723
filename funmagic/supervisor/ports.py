"""The port the site is served on: free before anything starts, answering before the product is called ready."""

import asyncio
import socket

import httpx

from funmagic.supervisor.errors import StartError

POLL_SECONDS = 0.1
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what they mean for a client on this machine


def check_port_is_free(host: str, port: int) -> None:
    """Raise StartError, naming the port, unless this process could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            message = f"Port {port} on {host} cannot be used ({error.strerror}): free it or set FUNMAGIC_PORT."
            raise StartError(message) from error


async def wait_until_healthy(host: str, port: int, *, within: float) -> None:
    """Return once /healthz answers well; StartError after `within` seconds."""
    name = EVERY_ADDRESS.get(host, host)
    url = f"http://[{name}]:{port}/healthz" if ":" in name else f"http://{name}:{port}/healthz"
    try:
        async with asyncio.timeout(within), httpx.AsyncClient(trust_env=False) as client:
            while not await _answers(client, url):  # noqa: ASYNC110 - another process's readiness sends no event
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise StartError(f"The site did not answer at {url} within {within:.0f} s.") from error


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False
