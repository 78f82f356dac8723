"""HTTP clients that cost next to nothing: each keeps one connection and sends requests that were written before."""

import math
import multiprocessing
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

TIMEOUT_S = 30
START_AHEAD_S = 1.0


@dataclass(frozen=True)
class Share:
    """What one client sends, and when: all of it as fast as it can, or one request every so many seconds."""

    port: int
    requests: list[bytes]
    every_s: float = 0
    offset_s: float = 0
    # What is not sent by then is left out.
    seconds: float = math.inf


@dataclass
class Answers:
    """How long each answer took, in milliseconds, its status, and when the last one came."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    seconds: float = 0

    def errors(self, status: int) -> int:
        """How many answers had another status."""
        return sum(answer != status for answer in self.statuses)


class Connection:
    """A kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("localhost", port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request_status(self, request: bytes) -> int:
        """Send a request, wait for all of its answer, and return the status."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._read()
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        missing = length - len(body)
        while missing > 0:
            missing -= len(self._read())
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        return data


def write_request(method: str, path: str, *, body: str = "", **headers: str) -> bytes:
    """A request as bytes; header names are written with underscores."""
    fields = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def deal_busily(ports: Sequence[int], requests: list[bytes], *, clients: int, seconds: float) -> list[Share]:
    """Deal requests out to clients that send the next one as soon as the last one is answered, until time is over."""
    return [Share(ports[n % len(ports)], requests[n::clients], seconds=seconds) for n in range(clients)]


def deal_steadily(port: int, requests: list[bytes], *, clients: int, per_second: float) -> list[Share]:
    """Deal requests out so that they arrive at an even pace, whether or not earlier ones were answered."""
    interval = 1 / per_second
    return [
        Share(port, requests[n::clients], every_s=interval * clients, offset_s=interval * n) for n in range(clients)
    ]


def send_all(shares: list[Share]) -> Answers:
    """Send every share from a process of its own, all at once; the answers of all."""
    with multiprocessing.get_context("spawn").Pool(len(shares)) as pool:
        pool.map(abs, range(len(shares)))  # the processes are there
        starts_at = time.time() + START_AHEAD_S
        everybody = pool.starmap(send_share, [(share, starts_at) for share in shares], chunksize=1)
    return Answers(
        [took for one in everybody for took in one.milliseconds],
        [status for one in everybody for status in one.statuses],
        max(one.seconds for one in everybody),
    )


def send_share(share: Share, starts_at: float) -> Answers:
    """Send one client's requests; one that could not be sent in time is counted from when it should have been."""
    answers, connection = Answers(), Connection(share.port)
    ended = 0.0
    for number, request in enumerate(share.requests):
        due = starts_at + share.offset_s + number * share.every_s if share.every_s or not number else ended
        if due - starts_at >= share.seconds:
            break
        time.sleep(max(0.0, due - time.time()))
        began = due if ended > due else time.time()
        answers.statuses.append(connection.request_status(request))
        ended = time.time()
        answers.milliseconds.append((ended - began) * 1000)
    connection.close()
    answers.seconds = ended - starts_at
    return answers
