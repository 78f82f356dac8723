"""A gateway before a server, which tests let refuse, fall silent, or take its time."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Literal

Mood = Literal["open", "refusing", "silent", "slow"]

CHUNK = 65_536
# Of every chunk that is sent to the server; with it a request takes seconds, and none runs into a time limit.
DELAY_S = 0.2
RESET = struct.pack("ii", 1, 0)


class Gateway:
    """Passes bytes on between its clients and a server of this machine, in the mood of the moment."""

    def __init__(self, server_port: int) -> None:
        self.mood: Mood = "open"
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._changed = threading.Event()
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def become(self, mood: Mood) -> None:
        """Change the mood; whoever is connected is cut off."""
        self.mood = mood
        self._changed.set()
        self._changed = threading.Event()
        while self._clients:
            _reset(self._clients.pop())

    def close(self) -> None:
        """Stop."""
        self.become("refusing")
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.mood == "refusing":
                _reset(client)
                continue
            self._clients.append(client)
            if self.mood != "silent":
                server = socket.create_connection(("127.0.0.1", self._server_port))
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(one, other, one is client), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_request: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if is_request and self.mood == "slow":
                    self._changed.wait(DELAY_S)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


def _reset(client: socket.socket) -> None:
    with suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.shutdown(socket.SHUT_RDWR)
    client.close()
