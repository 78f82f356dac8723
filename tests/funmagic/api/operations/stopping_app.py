"""The API as a web process serves it, with a request that takes as long as a test wants, and a socket that idles."""

from fastapi import WebSocket

from funmagic.api.app import create_api
from funmagic.api.operations.stopping import EndOpenConnections
from funmagic.core.redis import get_redis
from funmagic.core.telemetry.logs import configure_logging
from funmagic.core.telemetry.traces import configure_tracing
from funmagic.supervisor.tether import die_with_parent
from tests.waiting import wait_until


def load_app() -> EndOpenConnections:
    """Loaded by the server's own process."""
    die_with_parent()
    configure_logging("web")
    configure_tracing("web")
    api = create_api()

    @api.get("/slow")
    def slow() -> str:
        get_redis().rpush("slow:begun", "1")
        wait_until(lambda: get_redis().lpop("slow:go"))
        return "answered"

    @api.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    return EndOpenConnections(api)
